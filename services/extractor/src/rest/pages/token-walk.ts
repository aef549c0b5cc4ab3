import type { EndpointEntity } from '@bronze/common/config/rest';
import { BronzeError } from '@bronze/common/words/failure';
import { assertNoMore, isElsewhere, type PageStep, type RawPage, step, type Walk } from './page-step.ts';
import { follow, isOnTrail } from './page-trail.ts';
import type { PageToken } from './paging.ts';
import { digest } from './seen-records.ts';

/**
 * `none`, `cursor` and `next-link`: the server says where the list continues. A circle within the slice is noticed by
 * its tokens, a longer one by the trail that goes from slice to slice.
 */
export async function* walkTokens(walk: Walk): AsyncGenerator<PageStep> {
  const tokens = new Set<string>();
  let { trail } = walk;
  for (let token: PageToken | undefined = walk.start; token !== undefined;) {
    // A token is a slice of its page's text, and would keep the whole text in memory.
    const digested = digest(token);
    if (tokens.has(digested) || isOnTrail(trail, digested)) throw pagesLoop(walk.entity);
    tokens.add(digested);
    const page: RawPage = await walk.fetch(token);
    trail = follow(trail, digested);
    if (page.next === undefined) assertNoMore(walk, page, 'names no next page');
    const one = step(walk, { page, next: page.next });
    const isEnd: boolean = page.next === token && (await isEndToken(walk, token, { page, one }));
    token = isEnd ? undefined : page.next;
    yield { ...one, next: token, trail };
  }
}

/**
 * Whether a page whose next token is its own is the last: asked for again, it has nothing new. An API that does not look
 * at the token does the same, but with the first page.
 */
async function isEndToken(
  walk: Walk,
  token: PageToken,
  { page, one }: { readonly page: RawPage; readonly one: PageStep },
): Promise<boolean> {
  const again = one.records.length === 0 ? page : await walk.fetch(token);
  if (again.more !== undefined || (again.next ?? token) !== token) return false;
  if (!again.records.every((record) => walk.seen.has(record))) return false;
  if (!isElsewhere(walk, page, await walk.fetch(''))) return false;
  walk.onImpliedEnd({ how: 'repeated' });
  return true;
}

export function pagesLoop(entity: EndpointEntity): BronzeError {
  return new BronzeError('PAGES_LOOP', {
    message: `the pages of ${entity.name} lead in a circle: page after page holds nothing new`,
    hint: 'Bronze retries it from the last slice. If it persists, does the API name its paging parameters differently? If a flag says where the list ends, set more_path or last_path.',
  });
}
