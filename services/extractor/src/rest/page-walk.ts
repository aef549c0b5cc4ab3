import { BronzeError } from '@bronze/common/failure';
import type { EndpointEntity } from '@bronze/common/rest-config';
import type { JsonObject } from './json-node.ts';
import type { PageToken } from './paging.ts';
import { digest, type SeenRecords } from './seen-records.ts';

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

/** So many small pages in a row with nothing but what changed after the window: the list grows as fast as it is read. */
const PAGES_BEYOND_MAX = 1000;

export interface Walk {
  readonly entity: EndpointEntity;
  readonly seen: SeenRecords;
  /** Where it begins; empty: at the start of the list. */
  readonly start: PageToken;
  fetch(token: PageToken): Promise<RawPage>;
  /** Whether a record changed after the window's end. */
  isBeyond(record: JsonObject): boolean;
}

/** So many pages in a row with nothing new in them: the API does not heed what it is asked for. */
const PAGES_REPEATED_MAX = 3;
const PAGES_EMPTY_MAX = 100_000;

/**
 * Walks a list page by page to its end. Each step is whole: a slice can end after it.
 *
 * A list moves while it is paged. What moves *right* (something was inserted before) comes twice and is left out the
 * second time. What moves *left* (something before was deleted, or changed and went to the end) would be skipped: where
 * the API counts pages or records, each page is tied to the one before by records known from there.
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

/** How much the overlap grows when it was too small. */
const OVERLAP_GROWTH = 4;
/** So often in a row may reading go back without finding anything new: then the list moves faster than it is read. */
const STEPS_BACK_MAX = 25;

/**
 * Pages overlap, by one record as long as the list stands still. Unless the first of a page is one that is known,
 * records may lie between the two. The end is where nothing is, and nothing else: pages may be short anywhere.
 */
async function* walkOffsets(walk: Walk): AsyncGenerator<PageStep> {
  let offset = Number(walk.start);
  let reached = offset;
  let overlap = 1;
  let size = walk.seen.pageSize;
  let steps_back = 0;
  for (;;) {
    const from = Math.max(0, offset - overlap);
    const page = await walk.fetch(String(from));
    if (from > 0 && !continues(walk, page)) {
      // Further back than what is remembered, records would come twice.
      const wider = Math.min(walk.seen.remembered, overlap * OVERLAP_GROWTH);
      if (wider <= overlap || (steps_back += 1) > STEPS_BACK_MAX) throw moved(walk.entity);
      overlap = wider;
      continue;
    }
    const known = reached - from;
    offset = from + page.records.length;
    const isBehind = offset < reached;
    reached = Math.max(reached, offset);
    size = Math.max(size, page.records.length);
    overlap = 1;
    const one = step(walk, { page, overlap: known, next: String(offset) });
    const isFull = page.records.length > Math.max(1, Math.min(known, size - 1));
    if (one.records.length > 0) steps_back = 0;
    if (one.records.length > 0 || (isFull && !isBehind)) yield one;
    if (one.records.length > 0 || isFull) continue;
    // Short and nothing new: the list ends here, unless this server's pages are short anywhere.
    const beyond = await walk.fetch(String(offset));
    // Only if the page stands where it stood does what is behind it follow, be it nothing.
    const again = await walk.fetch(String(from));
    const stands = again.records.every((record) => walk.seen.has(record));
    if (!stands) continue;
    offset += beyond.records.length;
    const isEnd = beyond.records.length === 0;
    yield step(walk, { page: beyond, next: isEnd ? undefined : String(offset) });
    if (isEnd) return;
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
    if (number - back === first || continues(walk, page)) return before;
  }
  throw moved(walk.entity);
}

/** Whether nothing unknown can lie before the page: its first record is one that was read. */
function continues({ seen }: Walk, { records: [first] }: RawPage): boolean {
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

function step({ seen }: Walk, { before = [], page, overlap = 0, next }: Read): PageStep {
  const skipped = before.flatMap(({ records }) => seen.unseen(records, records.length));
  const fresh = seen.unseen(page.records, overlap);
  const repeated = Math.max(0, page.records.length - fresh.length - overlap);
  return { records: [...skipped, ...fresh], repeated, characters: page.characters, next };
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

function moved(entity: EndpointEntity): BronzeError {
  return new BronzeError('PAGES_MOVED', {
    message: `the list of ${entity.name} moved by more than a page while it was being read: records may have been skipped`,
    hint: 'It is retried from the last slice. If it stays, raise the page size, page by cursor or next-link, or abandon the load and run the entity again.',
  });
}
