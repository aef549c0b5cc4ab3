import { BronzeError } from '@bronze/common/words/failure';
import type { EndpointEntity } from '@bronze/common/config/rest';
import { walkOffsets } from './offset-walk.ts';
import { isAnchored, listMoved, type PageStep, type RawPage, step, type Walk } from './page-step.ts';
import { follow, isOnTrail } from './page-trail.ts';
import type { PageToken } from './paging.ts';
import { digest } from './seen-records.ts';

/**
 * Give up after this many consecutive small pages holding only records newer than the window: the list grows as fast as
 * we read it.
 */
const PAGES_BEYOND_MAX = 1000;

/** Give up after this many consecutive pages that only repeat records: the API ignores which page it is asked for. */
const PAGES_REPEATED_MAX = 3;
/** Give up after this many consecutive pages without new records: more may follow empty pages, but not endlessly. */
const PAGES_EMPTY_MAX = 100_000;

/**
 * Walks a list page by page to its end. Each step is complete: a slice can end after it.
 *
 * A list moves while it is paged. A record that moves *right* (something was inserted before it) comes twice and is
 * skipped the second time. A record that moves *left* (something before it was deleted, or changed and went to the end)
 * would be missed: where the API counts pages or records, each page is therefore anchored to the one before by records
 * known from there (decision 15).
 *
 * @throws BronzeError PAGES_MOVED, PAGES_LOOP
 */
export async function* walkPages(walk: Walk): AsyncGenerator<PageStep> {
  const idle = { repeated: 0, empty: 0, beyond: 0 };
  let largest = 0;
  for await (const one of stepsOf(walk)) {
    const isIdle = one.records.length === 0;
    largest = Math.max(largest, one.records.length);
    const isSmall = one.records.length < largest / 2;
    idle.repeated = isIdle ? idle.repeated + Math.sign(one.repeated) : 0;
    idle.empty = isIdle ? idle.empty + 1 : 0;
    idle.beyond = !isIdle && isSmall && one.records.every((record) => walk.isBeyond(record)) ? idle.beyond + 1 : 0;
    if (idle.repeated >= PAGES_REPEATED_MAX || idle.empty >= PAGES_EMPTY_MAX) throw loop(walk.entity);
    if (idle.beyond >= PAGES_BEYOND_MAX) throw growing(walk.entity);
    yield one;
  }
}

function stepsOf(walk: Walk): AsyncGenerator<PageStep> {
  switch (walk.entity.paging.style) {
    case 'offset':
      return walkOffsets(walk);
    case 'page':
      return walkNumbers(walk);
    default:
      return walkTokens(walk);
  }
}

/**
 * `none`, `cursor` and `next-link`: the server says where the list continues. A circle within the slice is noticed by
 * its tokens, a longer one by the trail that goes from slice to slice.
 */
async function* walkTokens(walk: Walk): AsyncGenerator<PageStep> {
  const tokens = new Set<string>();
  let { trail } = walk;
  for (let token: PageToken | undefined = walk.start; token !== undefined;) {
    // A token is a slice of its page's text, and would keep the whole text in memory.
    const digested = digest(token);
    if (tokens.has(digested) || isOnTrail(trail, digested)) throw loop(walk.entity);
    tokens.add(digested);
    const page: RawPage = await walk.fetch(token);
    trail = follow(trail, digested);
    yield { ...step(walk, { page, next: page.next }), trail };
    token = page.next;
  }
}

/** After each page, the one before is read again: what has moved into it meanwhile would have been missed. */
async function* walkNumbers(walk: Walk): AsyncGenerator<PageStep> {
  const { paging } = walk.entity;
  const first = paging.style === 'page' ? paging.first_page : 1;
  const confirms = paging.style !== 'page' || paging.confirm;
  for (let number = walk.start === '' ? first : Number(walk.start); ; number += 1) {
    const page = await walk.fetch(String(number));
    const before = confirms && number > first ? await pagesBefore(walk, number, first) : [];
    const isEnd = page.records.length === 0;
    yield step(walk, { before, page, next: isEnd ? undefined : String(number + 1) });
    if (isEnd) return;
  }
}

async function pagesBefore(walk: Walk, number: number, first: number): Promise<RawPage[]> {
  const before: RawPage[] = [];
  for (let back = 1; back <= walk.seen.pages; back += 1) {
    const page = await walk.fetch(String(number - back));
    before.unshift(page);
    if (number - back === first || isAnchored(walk, page)) return before;
  }
  throw listMoved(walk.entity);
}

function loop(entity: EndpointEntity): BronzeError {
  return new BronzeError('PAGES_LOOP', {
    message: `the pages of ${entity.name} lead in a circle: page after page holds nothing new`,
    hint: 'Bronze retries it from the last slice. If it persists, does the API name its paging parameters differently?',
  });
}

function growing(entity: EndpointEntity): BronzeError {
  return new BronzeError('PAGES_MOVED', {
    message: `the list of ${entity.name} grows as fast as it is read`,
    hint: 'Bronze retries it. If it persists, use larger pages, raise requests_per_second, or load at a quieter hour.',
  });
}
