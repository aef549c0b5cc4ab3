import { BronzeError } from '@bronze/common/words/failure';
import type { EndpointEntity } from '@bronze/common/config/rest';
import { walkNumbers } from './number-walk.ts';
import { walkOffsets } from './offset-walk.ts';
import type { PageStep, Walk } from './page-step.ts';
import { pagesLoop, walkTokens } from './token-walk.ts';

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
    if (idle.repeated >= PAGES_REPEATED_MAX || idle.empty >= PAGES_EMPTY_MAX) throw pagesLoop(walk.entity);
    if (idle.beyond >= PAGES_BEYOND_MAX) throw growing(walk.entity);
    yield one;
  }
}

function stepsOf(walk: Walk): AsyncGenerator<PageStep> {
  const { paging } = walk.entity;
  switch (paging.style) {
    case 'offset':
      return walkOffsets(walk);
    case 'page':
      return walkNumbers(walk, paging);
    default:
      return walkTokens(walk);
  }
}

function growing(entity: EndpointEntity): BronzeError {
  return new BronzeError('PAGES_MOVED', {
    message: `the list of ${entity.name} grows as fast as it is read`,
    hint: 'Bronze retries it. If it persists, use larger pages, raise requests_per_second, or load at a quieter hour.',
  });
}
