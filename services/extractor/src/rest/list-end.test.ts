import type { BronzeError } from '@bronze/common/words/failure';
import { describe, expect, test } from 'vitest';
import { type Answer, readList, type Server } from './api.fixtures.ts';

const idsTo = (count: number) => Array.from({ length: count }, (_, id) => id);

interface PagedList {
  readonly length: number;
  /** `undefined`: the server has a size of its own, whatever it is asked for. */
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
function paged({
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

const PAGE = { style: 'page', size: 2 } as const;
const OFFSET = { style: 'offset', size: 2 } as const;
const refusing = (status: number): Answer => ({ status, body: { code: 'invalid_page' } });

describe('a refusal of the page behind the last ends the list:', () => {
  test.each(
    [400, 404, 416, 422].flatMap((status) =>
      [PAGE, { ...PAGE, confirm: false }, OFFSET].flatMap((paging) =>
        [3, 4, 5, 6].map((length) => [status, paging, length] as const),
      ),
    ),
  )('%d, with %j, behind %d records', async (status, paging, length) => {
    const { ids, ends } = await readList(paged({ length, beyond: refusing(status) }), { paging });
    expect(ids).toEqual(idsTo(length));
    expect(ends).toEqual([expect.objectContaining({ entity: 'things', how: 'refused', status })]);
  });

  test.each([5, 6])('also where the server has a page size of its own, and %d records', async (length) => {
    const server = paged({ length, granted: 3, beyond: refusing(400) });
    expect((await readList(server, { paging: { style: 'page', size: 100 } })).ids).toEqual(idsTo(length));
  });

  test.each([3, 4, 6, 9])('also where the first page is page 0, and %d records', async (length) => {
    const server = paged({ length, first: 0, beyond: refusing(400) });
    expect((await readList(server, { paging: { ...PAGE, first_page: 0, size: 3 } })).ids).toEqual(idsTo(length));
  });

  test.each([PAGE, OFFSET])('also where a slice begins with it: %j', async (paging) => {
    const server = paged({ length: 4, beyond: refusing(422) });
    const { ids, ends } = await readList(server, { paging, slice_rows: 2, batch_rows: 2 });
    expect(ids).toEqual(idsTo(4));
    expect(ends).toHaveLength(1);
  });

  test.each([
    ['totals in headers agree', { headers: { 'x-wp-total': '4', 'x-wp-totalpages': '2' } }],
    [
      'the envelope agrees',
      { envelope: (data: readonly object[], page: number) => ({ data, total: 4, has_more: page < 2 }) },
    ],
  ])('also where %s', async (_, more) => {
    const records_path = 'envelope' in more ? 'data' : null;
    const server = paged({ length: 4, beyond: refusing(400), ...more });
    expect((await readList(server, { paging: PAGE, records_path })).ids).toEqual(idsTo(4));
  });
});

describe('a refusal is not taken for the end', () => {
  const cases: readonly (readonly [string, PagedList, RegExp])[] = [
    [
      'on the first page',
      { length: 9, broken: () => refusing(400) },
      /^the API of things answers 400: \{"code":"invalid_page"\}$/,
    ],
    [
      'where the page after it is answered',
      { length: 9, broken: (query) => (query.get('page') === '3' ? refusing(400) : undefined) },
      /answers 400.*That is not the end of the list: the page after it is answered/,
    ],
    [
      'where the total of the page before is above',
      { length: 4, beyond: refusing(400), envelope: (data) => ({ data, meta: { total: 5 } }) },
      /not the end of the list: on the page before, meta\.total is 5, and 4 were read/,
    ],
    [
      'where the page before has more to come',
      { length: 4, beyond: refusing(404), envelope: (data) => ({ data, has_more: true }) },
      /on the page before, has_more is true/,
    ],
    [
      'where the page before names a next one',
      { length: 4, beyond: refusing(422), envelope: (data, page) => ({ data, next_page: page + 1 }) },
      /on the page before, next_page is 3/,
    ],
    [
      'where a header of the page before has a total above',
      { length: 4, beyond: refusing(400), headers: { 'x-total-count': '5000' } },
      /on the page before, its header x-total-count says 5000/,
    ],
    [
      'where the Link header of the page before names a next one',
      { length: 4, beyond: refusing(400), headers: { link: '</things?page=3>; rel="next"' } },
      /on the page before, its Link header names a next page/,
    ],
    ['by a status that no API means by it', { length: 4, beyond: refusing(409) }, /answers 409/],
  ];
  test.each(cases)('%s', async (_, list, message) => {
    const records_path = list.envelope ? 'data' : null;
    const reading = readList(paged(list), { paging: PAGE, records_path });
    await expect(reading).rejects.toMatchObject({
      code: 'SOURCE_REJECTED',
      message: expect.stringMatching(message) as string,
    });
  });

  test('where the API gives no more than so many records to anyone', async () => {
    const broken = (query: URLSearchParams) =>
      Number(query.get('page')) * Number(query.get('page_size')) > 8 ? refusing(400) : undefined;
    const reading = readList(paged({ length: 20, broken }), { paging: { style: 'page', size: 4 } });
    await expect(reading).rejects.toMatchObject({
      code: 'SOURCE_REJECTED',
      message: expect.stringMatching(/it also refuses pages that begin before it/) as string,
      hint: expect.stringMatching(/end_status: \[400\]/) as string,
    });
    const byOffset = (query: URLSearchParams) =>
      Number(query.get('offset')) + Number(query.get('limit')) > 8 ? refusing(400) : undefined;
    await expect(readList(paged({ length: 20, broken: byOffset }), { paging: OFFSET })).rejects.toMatchObject({
      code: 'SOURCE_REJECTED',
    });
  });

  test('where it is answered by then, because the list has grown', async () => {
    let length = 4;
    const envelope = (data: readonly object[]) => ({ data, total: length });
    const growing: Server = (query) => {
      const answer = paged({ length, beyond: refusing(400), envelope })(query);
      if (query.get('page') === '3' || query.get('offset') === '4') length = 5;
      return answer;
    };
    for (const paging of [PAGE, OFFSET]) {
      length = 4;
      expect((await readList(growing, { paging, records_path: 'data' })).ids).toEqual(idsTo(5));
    }
  });

  test('where it is refused and answered in turn, without end', async () => {
    let asked = 0;
    const broken = (query: URLSearchParams) =>
      query.get('page') === '3' && (asked += 1) % 2 === 1 ? refusing(400) : undefined;
    const server = paged({ length: 9, broken });
    await expect(readList(server, { paging: PAGE })).rejects.toMatchObject({ code: 'PAGES_MOVED' });
  });

  test('unless the configuration says so', async () => {
    const list = {
      length: 4,
      beyond: refusing(409),
      envelope: (data: readonly object[]) => ({ data, has_more: true }),
    };
    const settings = { paging: { ...PAGE, end_status: [409] }, records_path: 'data' };
    expect((await readList(paged(list), settings)).ids).toEqual(idsTo(4));
  });
});

describe('a list ends with', () => {
  const DATA = { records_path: 'data', paging: PAGE };
  test.each([
    ['204', { status: 204 }],
    ['205', { status: 205 }],
    ['an empty list', { body: { data: [] } }],
    ['null for the list', { body: { data: null } }],
    ['a list that is left out', { body: {} }],
    ['an envelope without its list', { body: { meta: { page: 9 }, total: 5, links: { prev: '/x' }, status: 'ok' } }],
    ['nothing at all, as null', { body: null }],
  ])('%s behind pages that were read', async (_, beyond) => {
    const envelope = (data: readonly object[]) => ({ data });
    for (const length of [4, 5]) {
      const { ids, ends } = await readList(paged({ length, beyond, envelope }), DATA);
      expect(ids).toEqual(idsTo(length));
      expect(ends).toEqual([]);
    }
  });

  test.each([
    ['an error', { error: 'maintenance' }],
    ['an error within', { meta: { error: 'maintenance' } }],
    ['another outcome', { status: 'failed' }],
    ['something else', { things: [] }],
  ])('nothing that says %s instead of its list', async (_, body) => {
    const server = paged({ length: 4, beyond: { body }, envelope: (data) => ({ data }) });
    await expect(readList(server, DATA)).rejects.toMatchObject({ code: 'RECORDS_MISSING' });
  });

  test('an empty page of a list whose first page is 204, or says that there are 0', async () => {
    for (const answer of [{ status: 204 }, { body: { total: 0 } }, { body: { meta: { total_count: 0 } } }]) {
      expect((await readList(() => answer, DATA)).ids).toEqual([]);
    }
  });

  test.each([{}, { meta: {} }, { total: 7 }, null])('no first page that leaves its list out: %j', async (body) => {
    await expect(readList(() => ({ body }), DATA)).rejects.toMatchObject({ code: 'RECORDS_MISSING' });
  });

  test('null instead of a list, also on the first page, where no path could be wrong', async () => {
    expect((await readList(() => ({ body: null }), { paging: PAGE })).ids).toEqual([]);
  });

  test('no answer with status 200 and nothing in it', async () => {
    await expect(readList(() => ({ body: '' }), DATA)).rejects.toMatchObject({ code: 'RESPONSE_MALFORMED' });
  });
});

describe('the last page, again and again, ends the list:', () => {
  test.each(
    [PAGE, { ...PAGE, confirm: false }, OFFSET].flatMap((paging) =>
      [{}, { granted: 2 }].flatMap((server) =>
        [1, 2, 3, 4, 5].map((length) => [paging, { ...server, length }] as const),
      ),
    ),
  )('%j of %j', async (paging, list) => {
    const reading = readList(paged({ ...list, beyond: 'last page' }), { paging }).catch(
      ({ code }: BronzeError) => code,
    );
    // One full page, and no other size to ask for: that may as well be an API that ignores which page it is asked for.
    const isUncertain = 'granted' in list && list.length === 2;
    const read = { ids: idsTo(list.length), ends: [{ how: 'repeated' }] };
    expect({ read: await reading }).toMatchObject({ read: isUncertain ? 'PAGES_LOOP' : read });
  });

  test.each([PAGE, OFFSET])('also where a slice begins with it: %j', async (paging) => {
    const server = paged({ length: 6, beyond: 'last page' });
    expect((await readList(server, { paging, slice_rows: 2, batch_rows: 2 })).ids).toEqual(idsTo(6));
  });

  test.each([
    ['the number of the page is ignored', PAGE, (query: URLSearchParams) => query.delete('page')],
    ['the offset is ignored', OFFSET, (query: URLSearchParams) => query.delete('offset')],
    [
      'no page is given behind the second',
      PAGE,
      (query: URLSearchParams) => query.set('page', String(Math.min(2, Number(query.get('page'))))),
    ],
  ] as const)('but not where %s', async (_, paging, change) => {
    const list = paged({ length: 9 });
    const server: Server = (query) => {
      change(query);
      return list(query);
    };
    await expect(readList(server, { paging })).rejects.toMatchObject({ code: 'PAGES_LOOP' });
  });

  test('but not where it says that there is more, or its records have no key', async () => {
    const envelope = (data: readonly object[]) => ({ data, total: 9 });
    const server = paged({ length: 4, beyond: 'last page', envelope });
    await expect(readList(server, { paging: PAGE, records_path: 'data' })).rejects.toMatchObject({
      code: 'PAGES_LOOP',
    });
    const nameless: Server = (query) => ({ body: Number(query.get('page')) < 9 ? [{ n: 1 }, { id: 1 }] : [] });
    await expect(readList(nameless, { paging: PAGE })).rejects.toMatchObject({ code: 'PAGES_LOOP' });
  });
});

describe('page tokens', () => {
  const CURSOR = { records_path: 'data', paging: { style: 'cursor', cursor_path: 'next', size: 2 } } as const;
  /** @param next the token of the page after one; the first page is 0 */
  const tokens =
    (pages: readonly (readonly number[])[], next: (page: number) => unknown, more: object = {}): Server =>
    (query) => {
      const page = Number(query.get('cursor') ?? '0');
      const data = (pages[page] ?? []).map((id) => ({ id }));
      return { body: { data, next: next(page), ...more } };
    };

  test.each([
    ['an empty page', [[0, 1], [2, 3], []]],
    ['the last page', [[0, 1], [2, 3], [4]]],
  ])('that come again with %s end the list', async (_, pages) => {
    for (const slice_rows of [1, 1000]) {
      const read = await readList(
        tokens(pages, (page) => String(Math.min(2, page + 1))),
        {
          ...CURSOR,
          slice_rows,
          batch_rows: slice_rows,
        },
      );
      expect(read.ids).toEqual(pages.flat());
      expect(read.ends).toEqual([{ kind: 'end_implied', entity: 'things', how: 'repeated' }]);
    }
  });

  test('that are ignored do not: every page is the first', async () => {
    const server: Server = () => ({ body: { data: [{ id: 0 }, { id: 1 }], next: 'x' } });
    await expect(readList(server, CURSOR)).rejects.toMatchObject({ code: 'PAGES_LOOP' });
  });

  test('that come again with further records do not', async () => {
    let id = 0;
    const server: Server = () => ({ body: { data: [{ id: (id += 1) }], next: 'scroll' } });
    await expect(readList(server, CURSOR)).rejects.toMatchObject({ code: 'PAGES_LOOP' });
  });

  test.each([
    ['more_path', 'has_more', false],
    ['last_path', 'is_last', true],
  ])('count for nothing once %s says that the list ends', async (option, name, ends) => {
    const pages = [
      [0, 1],
      [2, 3],
    ];
    const server: Server = (query) => {
      const page = Number(query.get('cursor') ?? '0');
      const data = (pages[page] ?? [9]).map((id) => ({ id }));
      return { body: { data, next: String(page + 1), [name]: (page === 1) === ends } };
    };
    const { ids } = await readList(server, { ...CURSOR, paging: { ...CURSOR.paging, [option]: name } });
    expect(ids).toEqual([0, 1, 2, 3]);
  });

  test.each([{}, { more_path: 'has_more' }])(
    'that are missing where more pages follow are an error: %j',
    async (flag) => {
      const server = tokens([[0]], () => null, { has_more: true });
      await expect(readList(server, { ...CURSOR, paging: { ...CURSOR.paging, ...flag } })).rejects.toMatchObject({
        code: 'RECORDS_MISSING',
        message: expect.stringMatching(/names no next page, although has_more/) as string,
      });
    },
  );
});

describe('a flag', () => {
  const flagged = (length: number) => paged({ length, envelope: (data, page) => ({ data, last: page * 2 >= length }) });

  test('ends numbered pages without another request', async () => {
    const paging = { ...PAGE, last_path: 'last' };
    const { ids, asked } = await readList(flagged(4), { paging, records_path: 'data' });
    expect(ids).toEqual(idsTo(4));
    expect(asked.some((query) => query.includes('page=3'))).toBe(false);
  });

  test.each([
    ['"true"', 'true', 'false'],
    ['1', 1, 0],
  ])('may be written as %s', async (_, yes, no) => {
    const server = paged({ length: 4, envelope: (data, page) => ({ data, last: page === 2 ? yes : no }) });
    const { ids, asked } = await readList(server, { paging: { ...PAGE, last_path: 'last' }, records_path: 'data' });
    expect(ids).toEqual(idsTo(4));
    expect(asked.some((query) => query.includes('page=3'))).toBe(false);
  });

  test('that speaks of something else than the list is no sign', async () => {
    const server: Server = () => ({ body: { data: [{ id: 0 }], next: null, facets: { has_more: true } } });
    const paging = { style: 'cursor', cursor_path: 'next' } as const;
    expect((await readList(server, { records_path: 'data', paging })).ids).toEqual([0]);
  });

  test('ends a list by offset', async () => {
    const server = paged({ length: 4, envelope: (data) => ({ data, more: !JSON.stringify(data).includes('3') }) });
    const { ids } = await readList(server, { paging: { ...OFFSET, more_path: 'more' }, records_path: 'data' });
    expect(ids).toEqual(idsTo(4));
  });

  test('goes over an empty page; without it in the configuration, the page is an error', async () => {
    const server = paged({
      length: 6,
      envelope: (data, page) => ({ data: page === 2 ? [] : data, has_more: page < 3 }),
    });
    const { ids } = await readList(server, { paging: { ...PAGE, more_path: 'has_more' }, records_path: 'data' });
    expect(ids).toEqual([0, 1, 4, 5]);
    await expect(readList(server, { paging: PAGE, records_path: 'data' })).rejects.toMatchObject({
      code: 'RECORDS_MISSING',
      hint: expect.stringMatching(/more_path/) as string,
    });
  });

  test('that is neither true nor false, or nowhere on a full first page, is an error', async () => {
    for (const path of ['data', 'nowhere']) {
      const reading = readList(flagged(4), { paging: { ...PAGE, last_path: path }, records_path: 'data' });
      await expect(reading).rejects.toMatchObject({ code: 'RECORDS_MISSING' });
    }
  });
});
