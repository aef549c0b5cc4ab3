import { BronzeError } from '@bronze/common/words/failure';
import type { EndpointEntity } from '@bronze/common/config/rest';
import { walkOffsets } from './offset-walk.ts';
import { isAnchored, listMoved, type PageStep, type RawPage, step, type Walk } from './page-step.ts';
import type { PageToken } from './paging.ts';
import { digest } from './seen-records.ts';

/** So many small pages in a row with nothing but what changed after the window: the list grows as fast as it is read. */
const PAGES_BEYOND_MAX = 1000;

/** So many pages in a row with nothing new in them: the API does not heed what it is asked for. */
const PAGES_REPEATED_MAX = 3;
const PAGES_EMPTY_MAX = 100_000;

/**
 * Walks a list page by page to its end. Each step is whole: a slice can end after it.
 *
 * A list moves while it is paged. What moves *right* (something was inserted before) comes twice and is left out the
 * second time. What moves *left* (something before was deleted, or changed and went to the end) would be skipped: where
 * the API counts pages or records, each page is anchored to the one before by records known from there.
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

/** `none`, `cursor` and `next-link`: the server says where it goes on. */
async function* walkTokens(walk: Walk): AsyncGenerator<PageStep> {
  const tokens = new Set<string>();
  for (let token: PageToken | undefined = walk.start; token !== undefined;) {
    // A token is a piece of its page's text, and would keep the whole of it.
    const digested = digest(token);
    if (tokens.has(digested)) throw loop(walk.entity);
    tokens.add(digested);
    const page: RawPage = await walk.fetch(token);
    yield step(walk, { page, next: page.next });
    token = page.next;
  }
}

/** After each page the one before is read again: what has moved into it meanwhile was skipped. */
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
    message: `the pages of ${entity.name} lead in a circle: again and again they hold nothing new`,
    hint: 'It is retried from the last slice. If it stays: does the API know the paging parameters by these names?',
  });
}

function growing(entity: EndpointEntity): BronzeError {
  return new BronzeError('PAGES_MOVED', {
    message: `the list of ${entity.name} grows as fast as it is read`,
    hint: 'It is retried. If it stays, ask for larger pages or raise requests_per_second, or load at a quieter hour.',
  });
}
