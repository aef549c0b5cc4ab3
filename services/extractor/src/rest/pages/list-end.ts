import type { PagingConfig } from '@bronze/common/config/paging';
import { BronzeError } from '@bronze/common/words/failure';
import { canResize, isElsewhere, isSamePage, type RawPage, type Refused, type Walk } from './page-step.ts';

/** Statuses by which APIs refuse a page behind the last. Any of them may also mean something else. */
const END_STATUSES: ReadonlySet<number> = new Set([400, 404, 416, 422]);

type CountedPaging = Extract<PagingConfig, { style: 'page' | 'offset' }>;

/** Whether a status may say that there is no such page. */
export function isEndStatus(paging: PagingConfig, status: number): paging is CountedPaging {
  if (paging.style !== 'page' && paging.style !== 'offset') return false;
  return END_STATUSES.has(status) || paging.end_status.includes(status);
}

/** Whether the configuration says that this status ends the list, whatever else the API says. */
export function isTrusted({ entity: { paging } }: Walk, { status }: Refused): boolean {
  return (paging.style === 'page' || paging.style === 'offset') && paging.end_status.includes(status);
}

/**
 * Whether an API that answers a page with the one before it does so because there is no further one. If it did not look
 * at the number or offset at all, the rest of the list would be lost; and it may give no more than so many records.
 *
 * Asked far behind the end for one record, it then gives the last one. If it doesn't grant pages of that size, the page
 * must at least be another one than the first.
 *
 * @param page the page that came again
 * @param far the number or offset of a page of one record, which lies behind all that was read
 */
export async function isLastRepeated(walk: Walk, page: RawPage, far: string): Promise<boolean> {
  const { paging } = walk.entity;
  if (paging.style !== 'page' && paging.style !== 'offset') return false;
  if (page.more !== undefined) return false;
  const probe = canResize(walk) ? await walk.fetch(far, 1) : undefined;
  if (probe?.records.length === 1 && paging.size > 1) {
    return isSamePage(walk, probe, { ...page, records: page.records.slice(-1) });
  }
  const first = await walk.fetch(paging.style === 'page' ? String(paging.first_page) : '0');
  return isElsewhere(walk, page, first);
}

/** A refusal that can't be the end: `why` says what speaks against it. */
export function notTheEnd({ status, error }: Refused, why: string): BronzeError {
  return new BronzeError('SOURCE_REJECTED', {
    message: `${error.message}. That is not the end of the list: ${why}`,
    hint: `If it is the end, set end_status: [${status}] in paging. Otherwise, may the API refuse pages so far behind?`,
  });
}
