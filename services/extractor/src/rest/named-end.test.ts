import { describe, expect, test } from 'vitest';
import { entityWith } from './endpoint.fixtures.ts';
import { readList, type Server } from './api.fixtures.ts';
import { idsTo, OFFSET, PAGE, paged } from './paged-list.fixtures.ts';

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

  /** Every page names a next one by another token; behind the last page comes the last page. */
  const clamped = (length: number, more: object = {}): Server => {
    const pages = Math.max(1, Math.ceil(length / 2));
    return (query) => {
      const page = Number(query.get('cursor') ?? '0');
      const from = 2 * Math.min(page, pages - 1);
      const data = idsTo(length)
        .slice(from, from + 2)
        .map((id) => ({ id }));
      return { body: { data, next: String(page + 1), ...more } };
    };
  };

  test.each([3, 4, 5])(
    'that differ, while the last page of %d records comes again and again, end the list',
    async (length) => {
      for (const slice_rows of [1, 2, 1000]) {
        const { ids, ends } = await readList(clamped(length), { ...CURSOR, slice_rows, batch_rows: slice_rows });
        expect(ids).toEqual(idsTo(length));
        expect(ends).toMatchObject([{ how: 'repeated' }]);
      }
      const linked: Server = (query) => {
        const { body } = clamped(length)(query);
        const { data, next } = body as { data: unknown; next: string };
        return { body: { data, next: `?cursor=${next}` } };
      };
      const paging = { style: 'next-link', link_path: 'next', size: 2 } as const;
      expect((await readList(linked, { records_path: 'data', paging })).ids).toEqual(idsTo(length));
    },
  );

  test.each([
    ['a total is above', clamped(4, { total: 5 })],
    ['it says that there is more', clamped(4, { has_more: true })],
    ['the only page comes again: the tokens may be ignored', clamped(2)],
    [
      'the pages are a circle',
      tokens(
        [
          [0, 1],
          [2, 3],
          [4, 5],
        ],
        (page) => String((page + 1) % 3),
      ),
    ],
  ])('are an error where %s', async (_, server) => {
    await expect(readList(server, CURSOR)).rejects.toMatchObject({ code: 'PAGES_LOOP' });
  });

  test('of a list with one page end it if its total is reached, also in slices', async () => {
    for (const slice_rows of [1, 1000]) {
      const settings = { ...CURSOR, slice_rows, batch_rows: slice_rows };
      expect((await readList(clamped(2, { total: 2 }), settings)).ids).toEqual([0, 1]);
      expect((await readList(clamped(5, { total: 5 }), settings)).ids).toEqual(idsTo(5));
    }
  });

  test('of a list with one page end it if the API shows that it looks at them', async () => {
    /** Pages of the size that was asked for; the last one names itself. */
    const sized =
      (length: number): Server =>
      (query) => {
        const size = Number(query.get('limit'));
        const from = Math.min(Number(query.get('cursor') ?? '0'), Math.max(0, length - size));
        return {
          body: {
            data: idsTo(length)
              .slice(from, from + size)
              .map((id) => ({ id })),
            next: String(from + size),
          },
        };
      };
    for (const length of [1, 2]) {
      const paging = { ...CURSOR.paging, size: Math.max(2, length) };
      expect((await readList(sized(length), { ...CURSOR, paging })).ids).toEqual(idsTo(length));
    }
    // It grants sizes, but gives the first page whatever the token.
    const deaf: Server = (query) => ({
      body: {
        data: idsTo(9)
          .slice(0, Number(query.get('limit')))
          .map((id) => ({ id })),
        next: 'x',
      },
    });
    await expect(readList(deaf, CURSOR)).rejects.toMatchObject({ code: 'PAGES_LOOP' });
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

  test.each([
    ['in another field', { paging: { next_token: 'x' } }, {}, /paging\.next_token has a value/],
    ['in the Link header', {}, { link: '<?cursor=1>; rel="next"' }, /its Link header names a next page/],
    ['by a flag', { is_last: false }, {}, /is_last is false/],
  ])(
    'that are null, while the next page is named %s, are an error unless a flag decides',
    async (_, more, headers, message) => {
      const server: Server = () => ({
        body: { data: [{ id: 0 }, { id: 1 }], next: null, end: true, ...more },
        headers,
      });
      await expect(readList(server, CURSOR)).rejects.toMatchObject({
        code: 'RECORDS_MISSING',
        message: expect.stringMatching(message) as string,
      });
      const flagged = { ...CURSOR, paging: { ...CURSOR.paging, last_path: 'end' } };
      expect((await readList(server, flagged)).ids).toEqual([0, 1]);
    },
  );

  test('that are null end the list also where a total counts more', async () => {
    expect(
      (
        await readList(
          tokens([[0]], () => null, { total: 9 }),
          CURSOR,
        )
      ).ids,
    ).toEqual([0]);
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

test.each([
  [{ more_path: 'has_more', last_path: 'is_last' }, /set more_path or last_path, not both/],
  [{ end_status: [403] }, /expected a status by which an API refuses a page/],
  [{ end_status: [200] }, /expected a status by which an API refuses a page/],
])('the configuration %j is a mistake', (settings, message) => {
  expect(() => entityWith({ paging: { ...PAGE, ...settings } })).toThrow(message);
});
