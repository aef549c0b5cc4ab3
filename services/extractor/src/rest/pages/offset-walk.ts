import { isAnchored, listMoved, type PageStep, type RawPage, step, type Walk } from './page-step.ts';

/** The overlap grows by this factor when it was too small. */
const OVERLAP_GROWTH = 4;
/** Give up after going back this many times without finding anything new: the list moves faster than we read it. */
const STEPS_BACK_MAX = 25;

/**
 * Pages overlap, by one record as long as the list doesn't move. Unless the first record of a page is a known one,
 * records may have been missed between two pages (decision 15). Only an empty page ends the list; any may be short.
 */
export async function* walkOffsets(walk: Walk): AsyncGenerator<PageStep> {
  const pages = new OverlappingPages(walk);
  for (;;) {
    const { page, from, overlap, isFull, isBehind } = await pages.next();
    const one = step(walk, { page, overlap, next: String(pages.offset) });
    const isNew = one.records.length > 0;
    if (isNew) pages.cameFurther();
    if (isNew || (isFull && !isBehind)) yield one;
    if (isNew || isFull) continue;
    // Short, and nothing new: the list ends here, unless this server gives short pages anywhere.
    const beyond = await walk.fetch(String(pages.offset));
    // Trust the next page, even an empty one, only if re-reading this page shows that it has not moved.
    const again = await walk.fetch(String(from));
    if (!again.records.every((record) => walk.seen.has(record))) continue;
    pages.offset += beyond.records.length;
    const isEnd = beyond.records.length === 0;
    yield step(walk, { page: beyond, next: isEnd ? undefined : String(pages.offset) });
    if (isEnd) return;
  }
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

  /** @throws BronzeError PAGES_MOVED */
  async #readAnchored(): Promise<{ from: number; page: RawPage }> {
    for (let overlap = 1; ; overlap *= OVERLAP_GROWTH) {
      // From further back than what is remembered, records would be staged twice.
      const back = Math.min(overlap, this.#walk.seen.rememberedCount);
      const from = Math.max(0, this.offset - back);
      const page = await this.#walk.fetch(String(from));
      if (from === 0 || isAnchored(this.#walk, page)) return { from, page };
      if (back < overlap || (this.#steps_back += 1) > STEPS_BACK_MAX) throw listMoved(this.#walk.entity);
    }
  }
}
