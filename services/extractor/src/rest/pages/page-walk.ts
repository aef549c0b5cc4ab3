import { BronzeError } from '@bronze/common/words/failure';
import type { EndpointEntity } from '@bronze/common/config/rest';
import { walkNumbers } from './number-walk.ts';
import { walkOffsets } from './offset-walk.ts';
import { countPage, pointless, startCounts } from './page-counts.ts';
import type { CountedStep, PageStep, Walk } from './page-step.ts';
import { pagesLoop, walkTokens } from './token-walk.ts';

/**
 * Walks a list page by page to its end. Each step is complete: a slice can end after it.
 *
 * A list moves while it is paged. A record that moves *right* (something was inserted before it) comes twice and is
 * skipped the second time. A record that moves *left* (something before it was deleted, or changed and went to the end)
 * would be missed: where the API counts pages or records, each page is therefore anchored to the one before by records
 * known from there (decision 15). Pages that bring nothing are counted over all slices of the load.
 *
 * @throws BronzeError PAGES_MOVED, PAGES_LOOP
 */
export async function* walkPages(walk: Walk): AsyncGenerator<CountedStep> {
  let counts = walk.counts ?? startCounts(walk.start === '' ? 0 : undefined);
  for await (const one of stepsOf(walk)) {
    const { records, repeated } = one;
    const isBeyond = records.every((record) => walk.isBeyond(record));
    counts = countPage(counts, { records: records.length, repeated, isBeyond });
    const why = pointless(counts);
    if (why !== undefined) throw why === 'loop' ? pagesLoop(walk.entity) : growing(walk.entity);
    yield { ...one, counts };
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
