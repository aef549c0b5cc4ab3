import { timestamp } from '@bronze/common/words/timestamp';
import { describe, expect, test } from 'vitest';
import { readList, type Server, sourceOf } from './api.fixtures.ts';
import { entityWith, UNHURRIED } from './endpoint.fixtures.ts';
import { idsTo, OFFSET, PAGE, paged, type PagedList, refusing } from './paged-list.fixtures.ts';

describe('an empty page is not the end where', () => {
  const STYLES = [PAGE, { ...PAGE, confirm: false }, OFFSET];
  const wrapped = (data: readonly object[]) => ({ data });
  const cases: readonly (readonly [string, Omit<PagedList, 'length'>, RegExp])[] = [
    ['its total is above', { beyond: { body: { data: [], total: 5000 } } }, /total is 5000, and 4 were read/],
    [
      'its total is above, as text',
      { beyond: { body: { data: [], meta: { total_count: '9' } } } },
      /meta\.total_count is 9/,
    ],
    [
      'it says so in a header',
      { beyond: { body: { data: [] }, headers: { 'x-total-count': '9' } } },
      /x-total-count says 9/,
    ],
    ['it has the number of pages', { beyond: { body: { data: [], total_pages: 9 } } }, /total_pages is 9/],
    [
      'it links to a next one',
      { beyond: { body: { data: [], links: { next: '/things?page=4' } } } },
      /links\.next has a value/,
    ],
    [
      'its Link header does',
      { beyond: { status: 204, headers: { link: '</x>; rel="next"' } } },
      /Link header names a next page/,
    ],
    ['it says that there is more', { beyond: { body: { data: [], has_more: true } } }, /has_more is true/],
    ['it is said to be not the last', { beyond: { body: { data: [], is_last: false } } }, /is_last is false/],
    [
      'the total of the page before is above',
      { beyond: { status: 204 }, envelope: (data) => ({ data, total: 9 }) },
      /on the page before, total is 9, and 4 were read/,
    ],
    [
      'a header of the page before has a total above',
      { beyond: { body: {} }, headers: { 'x-wp-total': '9' } },
      /on the page before, its header x-wp-total says 9/,
    ],
  ];
  test.each(cases)('%s', async (_, list, message) => {
    for (const paging of STYLES) {
      const settings = { paging, records_path: 'data' };
      const server = paged({ envelope: wrapped, ...list, length: 4 });
      await expect(readList(server, settings)).rejects.toMatchObject({
        code: 'RECORDS_MISSING',
        message: expect.stringMatching(message) as string,
        hint: expect.stringMatching(/set end_on_empty: true in paging/) as string,
      });
      const trusting = { ...settings, paging: { ...paging, end_on_empty: true } };
      expect((await readList(server, trusting)).ids).toEqual(idsTo(4));
    }
  });

  test('it is the first page, and a total or a number of pages says that there are records', async () => {
    for (const paging of STYLES) {
      for (const says of [{ total: 40 }, { meta: { total_pages: 2 } }, { next_page: 2 }]) {
        const server: Server = () => ({ body: { data: [], ...says } });
        await expect(readList(server, { paging, records_path: 'data' })).rejects.toMatchObject({
          code: 'RECORDS_MISSING',
        });
        const trusting = { paging: { ...paging, end_on_empty: true }, records_path: 'data' };
        expect((await readList(server, trusting)).ids).toEqual([]);
      }
    }
  });

  test('there are records by then, because the list has grown', async () => {
    for (const paging of STYLES) {
      let length = 4;
      const envelope = (data: readonly object[]) => ({ data, total: length });
      const server: Server = (query) => {
        const answer = paged({ length, envelope, beyond: { status: 204 } })(query);
        if (query.get('page') === '3' || query.get('offset') === '4') length = 5;
        return answer;
      };
      expect((await readList(server, { paging, records_path: 'data' })).ids).toEqual(idsTo(5));
    }
  });
});

describe('a first page that is refused', () => {
  const CURSOR = { style: 'cursor', cursor_path: 'next', size: 2 } as const;
  const STYLES = [{ style: 'none' } as const, PAGE, OFFSET, CURSOR];
  const none: Server = () => ({ status: 404, body: { message: 'no records found' } });

  test.each(STYLES)('is an error, because a wrong path is refused too: %j', async (paging) => {
    for (const more of [{}, { empty_status: [410] }]) {
      await expect(readList(none, { paging, records_path: 'data', ...more })).rejects.toMatchObject({
        code: 'SOURCE_REJECTED',
        hint: expect.stringMatching(/If it says so when there are no records, set empty_status: \[404\]/) as string,
      });
    }
  });

  test.each(STYLES)('is an empty list by empty_status: %j', async (paging) => {
    const { ids } = await readList(none, { paging, records_path: 'data', empty_status: [404] });
    expect(ids).toEqual([]);
  });

  test('is one also where the API is asked for changes, which it then is only once', async () => {
    const { source, asked } = sourceOf(none);
    const entity = entityWith({ paging: PAGE, empty_status: [404] });
    const claim = { since: timestamp('2024-01-15T10:32:00Z'), deadline: UNHURRIED };
    expect(await source.readHighWatermark(entity, claim)).toMatchObject({ since_parameter: 'sent' });
    expect(asked).toHaveLength(1);
  });

  test('is no end behind pages that were read: there the checks of a refusal hold', async () => {
    const server = paged({ length: 4, beyond: refusing(404), envelope: (data) => ({ data, total: 9 }) });
    const reading = readList(server, { paging: PAGE, records_path: 'data', empty_status: [404] });
    await expect(reading).rejects.toMatchObject({ code: 'SOURCE_REJECTED' });
  });

  test.each([[401], [403], [429], [200], [500]])('means something else by %d', (status) => {
    expect(() => entityWith({ empty_status: [status] })).toThrow(/expected a status by which an API refuses a page/);
  });
});

describe('an empty page is the end where', () => {
  const cases: readonly (readonly [string, Partial<PagedList>])[] = [
    ['full pages say that there is more', { envelope: (data) => ({ data, has_more: data.length === 2 }) }],
    [
      'full pages name a next one',
      { envelope: (data, page) => ({ data, next_page: data.length === 2 ? page + 1 : null }) },
    ],
    ['the total agrees', { envelope: (data) => ({ data, total: 4, total_pages: 2 }) }],
    ['the total is below', { envelope: (data) => ({ data, total: 3, total_pages: 1 }) }],
    ['there is one page too many by its number', { beyond: { body: { data: [], page: 3, total_pages: 2, total: 4 } } }],
    ['the answer has the number of its records', { envelope: (data) => ({ data, count: data.length }) }],
  ];
  test.each(cases)('%s', async (_, list) => {
    for (const paging of [PAGE, OFFSET]) {
      const envelope = (data: readonly object[]) => ({ data });
      const { ids } = await readList(paged({ envelope, beyond: { body: { data: [] } }, ...list, length: 4 }), {
        paging,
        records_path: 'data',
      });
      expect(ids).toEqual(idsTo(4));
    }
  });

  test('a list without records has one page, empty', async () => {
    for (const paging of [PAGE, OFFSET]) {
      const server: Server = () => ({ body: { data: [], meta: { total: 0, last_page: 1 } } });
      expect((await readList(server, { paging, records_path: 'data' })).ids).toEqual([]);
    }
  });
});
