import type { PagingConfig } from '@bronze/common/config/paging';
import { isLastRepeated, isStillGone, isTrusted, notTheEnd } from './list-end.ts';
import {
  canResize,
  isAnchored,
  isSamePage,
  listMoved,
  type PageStep,
  type RawPage,
  step,
  type Walk,
} from './page-step.ts';

/** Give up when a page was refused and then answered this many times in a row. */
const MOVED_MAX = 5;

type Numbered = Extract<PagingConfig, { style: 'page' }>;

/** After each page, the one before is read again: what has moved into it meanwhile would have been missed. */
export async function* walkNumbers(walk: Walk, paging: Numbered): AsyncGenerator<PageStep> {
  const first = paging.first_page;
  let moved = 0;
  for (let number = walk.start === '' ? first : Number(walk.start); ;) {
    const page = await walk.fetch(String(number));
    const confirms = number > first && (paging.confirm || isOdd(walk, page));
    const before = confirms ? await pagesBefore(walk, number, first) : [];
    const end = await endAt(walk, paging, { number, page, before });
    moved = end === 'moved' ? moved + 1 : 0;
    if (moved > MOVED_MAX) throw listMoved(walk.entity);
    if (end === 'moved') continue;
    number += 1;
    yield step(walk, { before, page, next: end ? undefined : String(number) });
    if (end) return;
  }
}

/** Whether a page may be beyond the end: it is refused or empty, or holds only what was read before. */
function isOdd({ seen }: Walk, { records }: RawPage): boolean {
  return records.every((record) => seen.has(record));
}

/** The pages before a page as they are now, back to one that has not moved. */
async function pagesBefore(walk: Walk, number: number, first: number): Promise<RawPage[]> {
  const before: RawPage[] = [];
  for (let back = 1; back <= walk.seen.pages; back += 1) {
    const page = await walk.fetch(String(number - back));
    before.unshift(page);
    if (number - back === first || isAnchored(walk, page)) return before;
  }
  throw before[0]?.refused?.error ?? listMoved(walk.entity);
}

interface Read {
  readonly number: number;
  readonly page: RawPage;
  /** Up to the page with the number before, if they were read again. */
  readonly before: readonly RawPage[];
}

/** Whether the list ends with or before a page; `moved`: the page is another one by now, and must be read again. */
async function endAt(walk: Walk, paging: Numbered, read: Read): Promise<boolean | 'moved'> {
  const { page } = read;
  if (page.flag === 'last') return true;
  if (page.records.length > 0) return repeatsLast(walk, paging, read);
  // Where the API has a flag, it decides: a page may be empty because its records are not for us.
  if (page.flag === 'more') return false;
  return endBefore(walk, paging, read);
}

/**
 * The end of the list, before a page that is refused or empty.
 *
 * @throws BronzeError if something speaks against it: SOURCE_REJECTED, RECORDS_MISSING
 */
async function endBefore(walk: Walk, paging: Numbered, read: Read): Promise<true | 'moved'> {
  const { number, page } = read;
  const objection = page.refused ? objectionToRefusal : objectionToEmpty;
  const why = isTrusted(walk, page) ? undefined : await objection(walk, paging, read);
  const name = String(number);
  if (why !== undefined) {
    if (!isStillGone(page, await walk.fetch(name))) return 'moved';
    throw notTheEnd(walk, page, { name, why });
  }
  if (page.refused) walk.onImpliedEnd({ how: 'refused', page: name, status: page.refused.status });
  return true;
}

/**
 * What speaks against the end at an empty page: that it names a further one, or that the list has more records or pages
 * than were read by then. That the page before names this one does not: many APIs do so whenever a page is full.
 */
async function objectionToEmpty(walk: Walk, paging: Numbered, { number, page, before }: Read) {
  const pages = number - paging.first_page;
  // An empty list may have one page.
  const read = { records: pages * walk.seen.pageSize, pages: Math.max(1, pages) };
  const above = before.at(-1)?.totalAbove?.(read);
  return page.further?.(read) ?? (above === undefined ? undefined : `on the page before, ${above}`);
}

/**
 * What speaks against the end at a refused page: that the last page names a further one, or that a page behind the
 * refused one is answered.
 */
async function objectionToRefusal(walk: Walk, paging: Numbered, { number, before }: Read): Promise<string | undefined> {
  const index = before.findLastIndex(({ records }) => records.length > 0);
  const last = before[index];
  // The first page is among those before: the list is empty now.
  if (!last) return undefined;
  const pages = number - before.length + index - paging.first_page + 1;
  const further = last.further?.({ records: pages * walk.seen.pageSize, pages });
  if (further !== undefined) return `on the page before, ${further}`;
  const beyond = await walk.fetch(String(number + 1));
  return beyond.refused ? refusedAcross(walk, paging, { last, pages }) : 'the page after it is answered';
}

interface LastPage {
  readonly last: RawPage;
  /** How many pages there are up to it. */
  readonly pages: number;
}

/**
 * If the last page is full, the API may give no more than so many records to anyone. Pages that are a little smaller
 * have other bounds, so one of them lies across the end. It begins with known records: an API that grants the size and
 * refuses this page, refuses more than pages that don't exist.
 */
async function refusedAcross(walk: Walk, paging: Numbered, { last, pages }: LastPage): Promise<string | undefined> {
  const { length } = last.records;
  const read = pages * length;
  const size = largestBelow(length, read);
  if (length < walk.seen.pageSize || size === undefined || !canResize(walk)) return undefined;
  const across = await walk.fetch(String(paging.first_page + Math.floor(read / size)), size);
  if (!across.records.every((record) => walk.seen.has(record))) return 'smaller pages hold further records';
  if (!across.refused) return undefined;
  const first = await walk.fetch(String(paging.first_page), size);
  return first.records.length === size ? 'it also refuses pages that begin before it' : undefined;
}

/** The largest page size below `length`, and above one, at which a page goes across the end of `read` records. */
function largestBelow(length: number, read: number): number | undefined {
  for (let size = length - 1; size > 1; size -= 1) if (read % size !== 0) return size;
  return undefined;
}

/** Whether this page, and the one after it, are the same as the one before: some APIs give the last page for ever. */
async function repeatsLast(walk: Walk, paging: Numbered, { number, page, before }: Read): Promise<boolean> {
  const last = before.at(-1);
  if (!last || !isSamePage(walk, page, last)) return false;
  const pages = number - paging.first_page;
  if (last.further?.({ records: pages * walk.seen.pageSize, pages }) !== undefined) return false;
  if (!isSamePage(walk, page, await walk.fetch(String(number + 1)))) return false;
  const far = String(paging.first_page + (pages + 1) * Math.max(paging.size, page.records.length));
  if (!(await isLastRepeated(walk, page, far))) return false;
  walk.onImpliedEnd({ how: 'repeated', page: String(number) });
  return true;
}
