import type { Answer, Server } from './api.fixtures.ts';

export const idsTo = (count: number) => Array.from({ length: count }, (_, id) => id);

export interface PagedList {
  readonly length: number;
  /** The server's own page size, whatever it is asked for. */
  readonly granted?: number;
  /** What comes instead of pages behind the last. */
  readonly beyond?: Answer | 'last page';
  /** The envelope of a page; by default the list is the body. */
  readonly envelope?: (records: readonly object[], page: number) => unknown;
  /** Number of the first page. */
  readonly first?: number;
  /** More than the page itself has. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A page that is answered in its own way. */
  readonly broken?: (query: URLSearchParams) => Answer | undefined;
}

/** A list in numbered pages, or by offset. */
export function paged({
  length,
  granted,
  beyond = { body: [] },
  envelope = (records) => records,
  ...more
}: PagedList): Server {
  const { first = 1 } = more;
  return (query) => {
    const answer = more.broken?.(query);
    if (answer) return answer;
    const size = granted ?? Number(query.get('page_size') ?? query.get('limit'));
    const page = Number(query.get('page') ?? first) - first + 1;
    const from = query.has('offset') ? Number(query.get('offset')) : (page - 1) * size;
    const last = Math.max(0, Math.ceil(length / size) - 1) * size;
    if (from > 0 && from >= length && beyond !== 'last page') return beyond;
    const start = beyond === 'last page' && from >= length ? last : from;
    const records = idsTo(length).slice(start, start + size);
    return {
      headers: more.headers ?? {},
      body: envelope(
        records.map((id) => ({ id })),
        page,
      ),
    };
  };
}

export const PAGE = { style: 'page', size: 2 } as const;
export const OFFSET = { style: 'offset', size: 2 } as const;
export const refusing = (status: number): Answer => ({ status, body: { code: 'invalid_page' } });
