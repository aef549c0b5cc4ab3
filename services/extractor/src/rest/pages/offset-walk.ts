import { isLastRepeated, isStillGone, isTrusted, notTheEnd } from './list-end.ts';
import type { ReadSoFar } from './further-page.ts';
import {
  isAnchored,
  isSamePage,
  listMoved,
  type PageStep,
  type RawPage,
  type Refused,
  step,
  type Walk,
} from './page-step.ts';

/** The overlap grows by this factor when it was too small. */
const OVERLAP_GROWTH = 4;
/** Give up after going back this many times without finding anything new: the list moves faster than we read it. */
const STEPS_BACK_MAX = 25;

/**
 * Pages overlap, by one record as long as the list doesn't move. Unless the first record of a page is a known one,
 * records may have been missed between two pages (decision 15). Only an empty page ends the list, or what an API has
 * instead of one; any page may be short.
 */
export async function* walkOffsets(walk: Walk): AsyncGenerator<PageStep> {
  const pages = new OverlappingPages(walk);
  for (;;) {
    const read = await pages.next();
    const { page, overlap, isFull, isBehind } = read;
    const isEnd = await endsHere(walk, read);
    const one = step(walk, { page, overlap, next: isEnd ? undefined : String(pages.offset) });
    const isNew = one.records.length > 0;
    if (isNew) pages.cameFurther();
    if (isNew || isEnd || (isFull && !isBehind)) yield one;
    if (isEnd) return;
    if (isNew || isFull) continue;
    if (yield* walkBeyond(walk, read, pages)) return;
  }
}

/** Whether the list ends with a page that was read: by its flag, or because it comes again and again. */
async function endsHere(walk: Walk, read: OverlappingPage): Promise<boolean> {
  const { page, from, isFull } = read;
  if (page.flag === 'last') return true;
  if (!isFull || from === 0 || page.records.some((record) => !walk.seen.has(record))) return false;
  return isRepeated(walk, read, page);
}

/** Short, and nothing new: the list ends here, unless this server gives short pages anywhere. Returns whether it does. */
async function* walkBeyond(
  walk: Walk,
  read: OverlappingPage,
  pages: OverlappingPages,
): AsyncGenerator<PageStep, boolean> {
  const beyond = await readBeyond(walk, read, pages.offset);
  if (!beyond) return false;
  pages.offset += beyond.page.records.length;
  yield step(walk, { page: beyond.page, next: beyond.isEnd ? undefined : String(pages.offset) });
  return beyond.isEnd;
}

/** What lies beyond a short page that has nothing new. Undefined if the list has moved meanwhile. */
async function readBeyond(
  walk: Walk,
  read: OverlappingPage,
  offset: number,
): Promise<{ page: RawPage; isEnd: boolean } | undefined> {
  const page = await walk.fetch(String(offset));
  // Trust the next page, even an empty one, only if re-reading this page shows that it has not moved.
  const again = await walk.fetch(String(read.from));
  if (again.refused || !again.records.every((record) => walk.seen.has(record))) return undefined;
  if (page.records.length === 0)
    return (await isEndBefore(walk, { page, last: again, offset })) ? { page, isEnd: true } : undefined;
  return { page, isEnd: isSamePage(walk, page, again) && (await isRepeated(walk, read, page)) };
}

interface Gone {
  /** Refused or empty. */
  readonly page: RawPage;
  readonly offset: number;
  /** The page before, which begins with the last record. */
  readonly last: RawPage;
}

/**
 * Whether the list ends before a page that is refused or empty. The page before it is answered, and lies across the end:
 * so the API does not refuse what lies so far behind. False: the page is another one by now.
 *
 * @throws BronzeError if something speaks against it: SOURCE_REJECTED, RECORDS_MISSING
 */
async function isEndBefore(walk: Walk, { page, offset, last }: Gone): Promise<boolean> {
  const read = { records: offset, pages: Math.max(1, Math.ceil(offset / walk.seen.pageSize)) };
  const why = isTrusted(walk, page) ? undefined : objectionTo(page, last, read);
  const name = String(offset);
  if (why !== undefined) {
    if (!isStillGone(page, await walk.fetch(name))) return false;
    throw notTheEnd(walk, page, { name, why });
  }
  if (page.refused) walk.onImpliedEnd({ how: 'refused', page: name, status: page.refused.status });
  return true;
}

/** What speaks against the end. That the last page names an empty one does not: many APIs do so whenever it is full. */
function objectionTo(page: RawPage, last: RawPage, read: ReadSoFar): string | undefined {
  const further = page.refused ? last.further?.(read) : (last.more ?? last.totalAbove?.(read));
  return page.further?.(read) ?? (further === undefined ? undefined : `on the page before, ${further}`);
}

/** Whether a page with nothing new is also what comes further on: some APIs give the last page for ever. */
async function isRepeated(walk: Walk, { from }: OverlappingPage, page: RawPage): Promise<boolean> {
  const { paging } = walk.entity;
  const size = Math.max(paging.style === 'offset' ? paging.size : 0, page.records.length);
  const far = String(from + 2 * size);
  const beyond = await walk.fetch(far);
  // The list may have moved by just as much between the two: then this page is another one by now.
  const again = await walk.fetch(String(from));
  if (!isSamePage(walk, page, beyond) || !isSamePage(walk, page, again)) return false;
  if (!(await isLastRepeated(walk, page, far))) return false;
  walk.onImpliedEnd({ how: 'repeated', page: far });
  return true;
}

interface OverlappingPage {
  readonly page: RawPage;
  readonly from: number;
  /** How many of its records, from the first on, should be known already. */
  readonly overlap: number;
  /** Longer than its overlap, or as long as the largest page so far; never a page of one record. */
  readonly isFull: boolean;
  /** It ends before the point that reading had already reached. */
  readonly isBehind: boolean;
}

/** Reads pages anchored to earlier ones by a known record; if there is none, goes back to one (decision 29). */
class OverlappingPages {
  readonly #walk: Walk;
  /** Where reading continues. The next page begins here, less its overlap. */
  offset: number;
  #reached: number;
  #largest: number;
  #steps_back = 0;

  constructor(walk: Walk) {
    this.#walk = walk;
    this.offset = Number(walk.start);
    this.#reached = this.offset;
    this.#largest = walk.seen.pageSize;
  }

  cameFurther(): void {
    this.#steps_back = 0;
  }

  async next(): Promise<OverlappingPage> {
    const { from, page } = await this.#readAnchored();
    const { length } = page.records;
    const overlap = this.#reached - from;
    this.offset = from + length;
    const isBehind = this.offset < this.#reached;
    this.#reached = Math.max(this.#reached, this.offset);
    this.#largest = Math.max(this.#largest, length);
    return { page, from, overlap, isBehind, isFull: length > Math.max(1, Math.min(overlap, this.#largest - 1)) };
  }

  /** @throws BronzeError PAGES_MOVED; SOURCE_REJECTED if the API refuses pages that it had */
  async #readAnchored(): Promise<{ from: number; page: RawPage }> {
    let refused: Refused | undefined;
    for (let overlap = 1; ; overlap *= OVERLAP_GROWTH) {
      // From further back than what is remembered, records would be staged twice.
      const back = Math.min(overlap, this.#walk.seen.rememberedCount);
      const from = Math.max(0, this.offset - back);
      const page = await this.#walk.fetch(String(from));
      if (from === 0 || isAnchored(this.#walk, page)) return { from, page };
      refused ??= page.refused;
      if (back < overlap || (this.#steps_back += 1) > STEPS_BACK_MAX) {
        throw refused?.error ?? listMoved(this.#walk.entity);
      }
    }
  }
}
