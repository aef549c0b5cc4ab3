import { isAnchored, listMoved, type PageStep, type RawPage, step, type Walk } from './page-step.ts';

/** How much the overlap grows when it was too small. */
const OVERLAP_GROWTH = 4;
/** So often in a row may reading go back without finding anything new: then the list moves faster than it is read. */
const STEPS_BACK_MAX = 25;

/**
 * Pages overlap, by one record as long as the list stands still. Unless the first of a page is one that is known,
 * records may lie between the two. The end is where nothing is, and nothing else: pages may be short anywhere.
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
    // Short and nothing new: the list ends here, unless this server's pages are short anywhere.
    const beyond = await walk.fetch(String(pages.offset));
    // Only if the page stands where it stood does what is behind it follow, be it nothing.
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
  /** How many of its records are meant to be known. */
  readonly overlap: number;
  /** As long as the largest so far, and longer than what it overlaps. */
  readonly isFull: boolean;
  /** It ends before where reading had come already. */
  readonly isBehind: boolean;
}

/** Pages that are anchored to those before by a known record; where none is, it goes back until there is one. */
class OverlappingPages {
  readonly #walk: Walk;
  /** Where the next page begins, less its overlap. */
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
      // Further back than what is remembered, records would come twice.
      const back = Math.min(overlap, this.#walk.seen.rememberedCount);
      const from = Math.max(0, this.offset - back);
      const page = await this.#walk.fetch(String(from));
      if (from === 0 || isAnchored(this.#walk, page)) return { from, page };
      if (back < overlap || (this.#steps_back += 1) > STEPS_BACK_MAX) throw listMoved(this.#walk.entity);
    }
  }
}
