import { BronzeError } from '@bronze/common/words/failure';
import type { EndpointEntity } from '@bronze/common/config/rest';
import type { JsonObject } from '../records/json-node.ts';
import type { PageToken } from './paging.ts';
import type { SeenRecords } from './seen-records.ts';

export interface RawPage {
  /** All records of the response: what ends the paging counts these. */
  readonly records: readonly JsonObject[];
  /** As the server says it; undefined at the end, and for styles that count. */
  readonly next: PageToken | undefined;
  /** Of the response. */
  readonly characters: number;
}

export interface PageStep {
  /** Records not given before, in the order of the list. */
  readonly records: readonly JsonObject[];
  readonly repeated: number;
  readonly characters: number;
  /** Undefined: the list is at its end. */
  readonly next: PageToken | undefined;
}

export interface Walk {
  readonly entity: EndpointEntity;
  readonly seen: SeenRecords;
  /** Where it begins; empty: at the start of the list. */
  readonly start: PageToken;
  fetch(token: PageToken): Promise<RawPage>;
  /** Whether a record changed after the window's end. */
  isBeyond(record: JsonObject): boolean;
}

/** Whether nothing unknown can lie before the page: its first record is one that was read. */
export function isAnchored({ seen }: Walk, { records: [first] }: RawPage): boolean {
  return first !== undefined && seen.has(first);
}

interface Read {
  /** Read again: what is new in them has moved there. */
  readonly before?: readonly RawPage[];
  readonly page: RawPage;
  /** How many records of the page are meant to be known. */
  readonly overlap?: number;
  readonly next: PageToken | undefined;
}

export function step({ seen }: Walk, { before = [], page, overlap = 0, next }: Read): PageStep {
  const skipped = before.flatMap(({ records }) => seen.unseen(records, records.length));
  const fresh = seen.unseen(page.records, overlap);
  const repeated = Math.max(0, page.records.length - fresh.length - overlap);
  return { records: [...skipped, ...fresh], repeated, characters: page.characters, next };
}

export function listMoved(entity: EndpointEntity): BronzeError {
  return new BronzeError('PAGES_MOVED', {
    message: `the list of ${entity.name} moved by more than a page while it was being read: records may have been skipped`,
    hint: 'It is retried from the last slice. If it stays, raise the page size, page by cursor or next-link, or abandon the load and run the entity again.',
  });
}
