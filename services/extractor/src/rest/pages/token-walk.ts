import type { EndpointEntity } from '@bronze/common/config/rest';
import { BronzeError } from '@bronze/common/words/failure';
import {
  canResize,
  isElsewhere,
  isPageBefore,
  isSamePage,
  type PageStep,
  type RawPage,
  step,
  type Walk,
} from './page-step.ts';
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
  let records = walk.counts?.records ?? (walk.start === '' ? 0 : Infinity);
  for (let token: PageToken | undefined = walk.start; token !== undefined;) {
    // A token is a slice of its page's text, and would keep the whole text in memory.
    const digested = digest(token);
    if (tokens.has(digested) || isOnTrail(trail, digested)) throw pagesLoop(walk.entity);
    tokens.add(digested);
    const page: RawPage = await walk.fetch(token);
    trail = follow(trail, digested);
    if (page.next === undefined) assertNoMore(walk, page);
    const isRepeated = isPageBefore(walk, page);
    const one = step(walk, { page, next: page.next });
    records += one.records.length;
    const isOdd: boolean = page.next === token || (isRepeated && page.next !== undefined);
    const isEnd: boolean = isOdd && (await endsWith(walk, { token, page, records }));
    token = isEnd ? undefined : page.next;
    yield { ...one, next: token, trail };
  }
}

/**
 * @throws BronzeError RECORDS_MISSING when the list should end with this page, and the page says elsewhere that it goes
 *   on. Totals are not looked at: the API says plainly that there is no next page, and they may count more
 */
function assertNoMore({ entity }: Walk, page: RawPage): void {
  if (page.more === undefined) return;
  throw new BronzeError('RECORDS_MISSING', {
    message: `a page of ${entity.name} names no next page, although ${page.more}`,
    hint: `Is the path in paging of ${entity.name} right? If a flag says where the list ends, set more_path or last_path.`,
  });
}

interface LastPage {
  readonly token: PageToken;
  readonly page: RawPage;
  /** How many were given, up to the page. */
  readonly records: number;
}

/**
 * Whether a page is the last, although it names a next one: its own token, or one that gives the same page once more.
 * An API that does not look at its tokens does the same, but with the first page.
 */
async function endsWith(walk: Walk, last: LastPage): Promise<boolean> {
  const { token, page, records } = last;
  const again = page.records.length === 0 ? page : await walk.fetch(page.next ?? token);
  const more = again.more ?? again.totalAbove?.({ records, pages: Infinity });
  if (more !== undefined || !comesAgain(walk, last, again)) return false;
  if (page.total !== records && !(await looksAtTokens(walk, page))) return false;
  walk.onImpliedEnd({ how: 'repeated' });
  return true;
}

function comesAgain(walk: Walk, { token, page }: LastPage, again: RawPage): boolean {
  if (page.next !== token) return again.next !== undefined && isSamePage(walk, again, page);
  return (again.next ?? token) === token && again.records.every((record) => walk.seen.has(record));
}

/** Whether an API looks at its tokens: it gave another page than the first, or shows two pages of one record that differ. */
async function looksAtTokens(walk: Walk, page: RawPage): Promise<boolean> {
  const { paging } = walk.entity;
  if (isElsewhere(walk, page, await walk.fetch(''))) return true;
  if (paging.style === 'none' || !canResize(walk)) return false;
  if (page.records.length === 1) return paging.size > 1;
  const first = await walk.fetch('', 1);
  if (first.records.length !== 1 || first.next === undefined) return false;
  const second = await walk.fetch(first.next, 1);
  return second.records.length === 1 && isElsewhere(walk, first, second);
}

export function pagesLoop(entity: EndpointEntity): BronzeError {
  return new BronzeError('PAGES_LOOP', {
    message: `the pages of ${entity.name} lead in a circle: page after page holds nothing new`,
    hint: 'Bronze retries it from the last slice. If it persists, does the API name its paging parameters differently? If a flag says where the list ends, set more_path or last_path.',
  });
}
