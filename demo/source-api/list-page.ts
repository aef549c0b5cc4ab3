import type { ApiRecord, RecordList } from './api-record.ts';
import type { Faults } from './faults.ts';
import type { ApiEvent } from './source-api.ts';

/** Marks the token of a page that was announced by an empty one. */
const READ_AGAIN = '~';
/** The token of the first page, given later on. */
const CIRCLE = 'circle';

interface Page {
  readonly status: number;
  readonly body: string;
  readonly link?: string | undefined;
}

/**
 * One page of a list, in the style that the request uses: `page`, `offset` and `limit`, `cursor`, or the next link that
 * every answer but the last has in its body and its `Link` header. `since` selects the records changed at or after it.
 */
export function listPage(all: RecordList, event: ApiEvent, faults: Faults): Page {
  const query = event.queryStringParameters ?? {};
  const refused = refusal(query, faults);
  if (refused) return refused;
  const { since } = query;
  const list = since !== undefined && faults.since !== 'ignored' ? all.since(asIso(since)) : all;
  const size = sizeOf(query) ?? list.length;
  const from = startOf(list, query, size);
  const isSkipped = isEmptied(query, from, faults);
  const next = isSkipped ? from : from + size;
  const token = next < list.length ? encode(list.slice(next - 1, next)[0]) : null;
  const again = isSkipped ? `${READ_AGAIN}${token}` : token;
  return answer({ event, query, records: list.slice(from, next), token: circled(again, faults) }, faults);
}

function circled(token: string | null, { loop }: Faults): string | null {
  if (loop === 'at_end') return token ?? CIRCLE;
  return loop ? CIRCLE : token;
}

function isEmptied(query: Readonly<Record<string, string | undefined>>, from: number, faults: Faults): boolean {
  return faults.empty_pages === true && from > 0 && !query['cursor']?.startsWith(READ_AGAIN);
}

/** The page size; undefined if the whole list is asked for. */
function sizeOf(query: Readonly<Record<string, string | undefined>>): number | undefined {
  const isPaged = ['page', 'page_size', 'offset', 'limit', 'cursor'].some((name) => query[name] !== undefined);
  return isPaged ? Math.min(1000, Number(query['page_size'] ?? query['limit'] ?? 100)) : undefined;
}

function refusal(query: Readonly<Record<string, string | undefined>>, faults: Faults): Page | undefined {
  if (query['since'] !== undefined && typeof faults.since === 'number') {
    return { status: faults.since, body: '{"message":"unknown parameter since"}' };
  }
  if (query['cursor'] === undefined || !faults.tokens_expire) return undefined;
  return { status: 410, body: '{"message":"the cursor has expired"}' };
}

function startOf(list: RecordList, query: Readonly<Record<string, string | undefined>>, size: number): number {
  if (query['page'] !== undefined) return (Number(query['page']) - 1) * size;
  if (query['cursor'] !== undefined) return after(list, query['cursor']);
  return Number(query['offset'] ?? 0);
}

/** A token holds the sort key of the last record, so it still marks the same place after the list has moved. */
function encode(record: ApiRecord | undefined): string {
  return Buffer.from(JSON.stringify([record?.updated_at ?? '', record?.id ?? ''])).toString('base64url');
}

function after(list: RecordList, token: string): number {
  if (token === CIRCLE) return 0;
  const sort_key = Buffer.from(token.replace(READ_AGAIN, ''), 'base64url').toString();
  const [updated_at, id] = JSON.parse(sort_key) as [string, string];
  return list.countUpTo(updated_at, id);
}

/** Seconds since 1970 are accepted too. */
function asIso(since: string): string {
  return /^\d+$/.test(since) ? new Date(Number(since) * 1000).toISOString() : since;
}

interface Answer {
  readonly event: ApiEvent;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly records: readonly ApiRecord[];
  readonly token: string | null;
}

function answer({ event, query, records, token }: Answer, faults: Faults): Page {
  const kept = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  const parameters = new URLSearchParams({
    ...Object.fromEntries(kept),
    cursor: token ?? '',
  });
  const link =
    token === null
      ? undefined
      : `${faults.link_origin ?? ''}${event.requestContext?.path ?? event.path}?${parameters.toString()}`;
  const data = records.map(({ json }) => json).join(',');
  const body = `{"data":[${data}],"meta":{"next_cursor":${JSON.stringify(token)}},"links":{"next":${JSON.stringify(link ?? null)}}}`;
  return { status: 200, body, link };
}
