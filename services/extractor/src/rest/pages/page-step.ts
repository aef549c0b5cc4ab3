import { isDeepStrictEqual } from 'node:util';
import { BronzeError } from '@bronze/common/words/failure';
import type { EndpointEntity } from '@bronze/common/config/rest';
import type { JsonObject } from '../records/json-node.ts';
import type { EndFlag } from './end-flag.ts';
import type { ReadSoFar } from './further-page.ts';
import type { PageCounts } from './page-counts.ts';
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
  /** By `more_path` or `last_path`. */
  readonly flag?: EndFlag;
  /** What says that more pages follow, such as `has_more is true`. */
  readonly more?: string | undefined;
  /** The same, with everything else that may say so, such as a total above the records read. */
  readonly further?: (read: ReadSoFar) => string | undefined;
  /** Of all that, only a number of records or pages that is above what was read. */
  readonly totalAbove?: (read: ReadSoFar) => string | undefined;
  /** How many records there are in the whole list, as the response says. */
  readonly total?: number | undefined;
  /** The API refuses this page, which is not the first: maybe there is no such page. It has no records then. */
  readonly refused?: Refused;
}

export interface Refused {
  readonly status: number;
  /** What it is if it is not the end of the list. */
  readonly error: BronzeError;
}

/** How a list ended where an API doesn't say it plainly: with an empty page, without a token, or by a flag. */
export interface ImpliedEnd {
  readonly how: 'refused' | 'repeated';
  /** The number or offset of the page that was refused or came again; undefined for tokens. */
  readonly page?: string | undefined;
  readonly status?: number;
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

/** A step, and what was counted up to it. */
export type CountedStep = PageStep & { readonly counts: PageCounts };

export interface Walk {
  readonly entity: EndpointEntity;
  readonly seen: SeenRecords;
  /** The first page to read; empty: the start of the list. */
  readonly start: PageToken;
  /** After the last page of the slice before. */
  readonly trail?: PageTrail | undefined;
  /** Up to the last page of the slice before. Undefined at the start of the list, or if earlier code was there. */
  readonly counts?: PageCounts | undefined;
  /** @param size asks for pages of this size instead of the configured one; only where `canResize` says so */
  fetch(token: PageToken, size?: number): Promise<RawPage>;
  /** Whether a record changed after the window's end. */
  isBeyond(record: JsonObject): boolean;
  /** Reports an end that the API doesn't say plainly. */
  onImpliedEnd(end: ImpliedEnd): void;
}

/** Whether pages of another size can be asked for. */
export function canResize({ entity: { paging } }: Walk): boolean {
  return paging.style !== 'none' && paging.size_param !== null;
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

/** Whether two answers hold the same records, in the same order. Records without a key can't be told apart. */
export function isSamePage({ entity, seen }: Walk, one: RawPage, other: RawPage): boolean {
  return hasKeys(entity, one) && isDeepStrictEqual(seen.identities(one.records), seen.identities(other.records));
}

/** The same for the page that was read before. */
export function isPageBefore({ entity, seen }: Walk, page: RawPage): boolean {
  return hasKeys(entity, page) && seen.areLastPage(page.records);
}

function hasKeys({ primary_key }: EndpointEntity, { records }: RawPage): boolean {
  const hasKey = (record: JsonObject) => primary_key.every((name) => (record.get(name) ?? null) !== null);
  return records.length > 0 && records.every(hasKey);
}

/** Whether two answers have no record in common. */
export function isElsewhere({ seen }: Walk, one: RawPage, other: RawPage): boolean {
  const others = new Set(seen.identities(other.records));
  return !seen.identities(one.records).some((identity) => others.has(identity));
}

const IF_IT_PERSISTS =
  'If it persists, raise the page size, page by cursor or next-link, or abandon the load and run the entity again.';

export function listMoved(entity: EndpointEntity): BronzeError {
  return new BronzeError('PAGES_MOVED', {
    message: `the list of ${entity.name} moved by more than a page while it was read: records may have been missed`,
    hint: `Bronze retries it from the last slice. ${IF_IT_PERSISTS}`,
  });
}
