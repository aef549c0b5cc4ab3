import type { BronzeError } from '@bronze/common/words/failure';
import { describe, expect, test } from 'vitest';
import { readList, type Server } from './api.fixtures.ts';
import { idsTo, OFFSET, PAGE, paged, type PagedList, refusing } from './paged-list.fixtures.ts';

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
    ['an envelope without its list', { body: { meta: { page: 9 }, total: 4, links: { prev: '/x' }, status: 'ok' } }],
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

  test.each([PAGE, { ...PAGE, confirm: false }, OFFSET])(
    'also the only one, if it is as long as its total: %j',
    async (paging) => {
      const envelope = (data: readonly object[]) => ({ data, total: 2 });
      const server = paged({ length: 2, granted: 2, beyond: 'last page', envelope });
      expect((await readList(server, { paging, records_path: 'data' })).ids).toEqual(idsTo(2));
    },
  );

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
