import { BronzeError } from '@bronze/common/words/failure';
import type { EndpointEntity } from '@bronze/common/config/rest';
import type { JsonObject } from '../records/json-node.ts';
import type { PageTrail } from './page-trail.ts';
import type { PageToken } from './paging.ts';
import type { SeenRecords } from './seen-records.ts';

export interface RawPage {
  /** All records of the response, whether or not they belong to the load: these decide when the paging ends. */
  readonly records: readonly JsonObject[];
  /** As the server names it; undefined at the end, and for styles that count pages or records. */
  readonly next: PageToken | undefined;
  /** Length of the response. */
  readonly characters: number;
}

export interface PageStep {
  /** Records that were not given before, in the order of the list. */
  readonly records: readonly JsonObject[];
  /** How many records of the page, without its overlap, were given before. */
  readonly repeated: number;
  readonly characters: number;
  /** Undefined: the list has ended. */
  readonly next: PageToken | undefined;
  /** After this page; undefined for styles that count pages or records. */
  readonly trail?: PageTrail;
}

export interface Walk {
  readonly entity: EndpointEntity;
  readonly seen: SeenRecords;
  /** The first page to read; empty: the start of the list. */
  readonly start: PageToken;
  /** After the last page of the slice before. */
  readonly trail?: PageTrail | undefined;
  fetch(token: PageToken): Promise<RawPage>;
  /** Whether a record changed after the window's end. */
  isBeyond(record: JsonObject): boolean;
}

/** Whether no record can have been missed before the page: its first record is a known one. */
export function isAnchored({ seen }: Walk, { records: [first] }: RawPage): boolean {
  return first !== undefined && seen.has(first);
}

interface Read {
  /** Pages that were read again: what is new in them has moved there. */
  readonly before?: readonly RawPage[];
  readonly page: RawPage;
  /** How many records of the page, from the first on, should be known already. */
  readonly overlap?: number;
  readonly next: PageToken | undefined;
}

export function step({ seen }: Walk, { before = [], page, overlap = 0, next }: Read): PageStep {
  const skipped = before.flatMap(({ records }) => seen.unseen(records, records.length));
  const fresh = seen.unseen(page.records, overlap);
  const repeated = Math.max(0, page.records.length - fresh.length - overlap);
  return { records: [...skipped, ...fresh], repeated, characters: page.characters, next };
}

const IF_IT_PERSISTS =
  'If it persists, raise the page size, page by cursor or next-link, or abandon the load and run the entity again.';

export function listMoved(entity: EndpointEntity): BronzeError {
  return new BronzeError('PAGES_MOVED', {
    message: `the list of ${entity.name} moved by more than a page while it was read: records may have been missed`,
    hint: `Bronze retries it from the last slice. ${IF_IT_PERSISTS}`,
  });
}
