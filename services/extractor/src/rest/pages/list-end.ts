import type { PagingConfig } from '@bronze/common/config/paging';
import { BronzeError } from '@bronze/common/words/failure';
import { canResize, isElsewhere, isSamePage, type RawPage, type Walk } from './page-step.ts';

/** Statuses by which APIs refuse a page behind the last. Any of them may also mean something else. */
const END_STATUSES: ReadonlySet<number> = new Set([400, 404, 416, 422]);

type CountedPaging = Extract<PagingConfig, { style: 'page' | 'offset' }>;

/** Whether a status may say that there is no such page. */
export function isEndStatus(paging: PagingConfig, status: number): paging is CountedPaging {
  if (paging.style !== 'page' && paging.style !== 'offset') return false;
  return END_STATUSES.has(status) || paging.end_status.includes(status);
}

/** Whether the configuration says that such a page, refused or empty, ends the list, whatever else the API says. */
export function isTrusted({ entity: { paging } }: Walk, { refused }: RawPage): boolean {
  if (paging.style !== 'page' && paging.style !== 'offset') return false;
  return refused ? paging.end_status.includes(refused.status) : paging.end_on_empty;
}

/** Whether a page that is refused or empty is so again. */
export function isStillGone(page: RawPage, again: RawPage): boolean {
  return again.records.length === 0 && (again.refused === undefined) === (page.refused === undefined);
}

/**
 * Whether an API that answers a page with the one before it does so because there is no further one. If it did not look
 * at the number or offset at all, the rest of the list would be lost; and it may give no more than so many records.
 *
 * Asked far behind the end for one record, it then gives the last one. If it doesn't grant pages of that size, the page
 * must at least be another one than the first. Or it is the first and has as many records as the list.
 *
 * @param page the page that came again
 * @param far the number or offset of a page of one record, which lies behind all that was read
 */
export async function isLastRepeated(walk: Walk, page: RawPage, far: string): Promise<boolean> {
  const { paging } = walk.entity;
  if (paging.style !== 'page' && paging.style !== 'offset') return false;
  if (page.more !== undefined) return false;
  const probe = canResize(walk) ? await walk.fetch(far, 1) : undefined;
  const isGranted = probe?.records.length === 1 && paging.size > 1;
  if (isGranted && isSamePage(walk, probe, { ...page, records: page.records.slice(-1) })) return true;
  const first = await walk.fetch('');
  if (!isGranted && isElsewhere(walk, page, first)) return true;
  return page.total === page.records.length && isSamePage(walk, page, first);
}

/**
 * The failure of a page that is refused or empty and can't be the end of the list.
 *
 * @param name the number or offset of the page
 * @param why what speaks against it
 */
export function notTheEnd({ entity }: Walk, { refused }: RawPage, { name, why }: { name: string; why: string }) {
  if (!refused) {
    return new BronzeError('RECORDS_MISSING', {
      message: `page ${name} of ${entity.name} is empty, although ${why}`,
      hint: `${EMPTY} If that speaks of more than this list has, such as records before since, set end_on_empty: true in paging.`,
    });
  }
  const { status, error } = refused;
  return new BronzeError('SOURCE_REJECTED', {
    message: `${error.message}. That is not the end of the list: ${why}`,
    hint: `If it is the end, set end_status: [${status}] in paging. Otherwise, may the API refuse pages so far behind?`,
  });
}

const EMPTY =
  'Does the API give only so many records, count its pages from another one, or call its parameters differently? If a flag says where the list ends, set more_path or last_path.';
