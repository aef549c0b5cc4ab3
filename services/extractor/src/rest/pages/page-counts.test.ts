import type { PageCounts } from '@bronze/common/load/position';
import { positionSchema } from '@bronze/common/load/position';
import type { Deadline } from '@bronze/common/ports/clock';
import { describe, expect, test } from 'vitest';
import { readList, type Server } from '../api.fixtures.ts';
import { entityWith } from '../endpoint.fixtures.ts';
import { type CountedPage, countPage, pointless, startCounts } from './page-counts.ts';
import type { Walk } from './page-step.ts';
import { walkPages } from './page-walk.ts';
import { SeenRecords } from './seen-records.ts';

const NEW: CountedPage = { records: 10, repeated: 0, isBeyond: false };
const EMPTY: CountedPage = { records: 0, repeated: 0, isBeyond: true };
const REPEATED: CountedPage = { records: 0, repeated: 7, isBeyond: true };
const BEYOND: CountedPage = { records: 4, repeated: 0, isBeyond: true };

function after(pages: readonly CountedPage[], from = startCounts(0)): PageCounts {
  return pages.reduce(countPage, from);
}

const times = (count: number, page: CountedPage) => Array.from({ length: count }, () => page);

test.each([
  [[NEW, ...times(2, REPEATED)], undefined],
  [[NEW, ...times(3, REPEATED)], 'loop'],
  [[NEW, REPEATED, REPEATED, EMPTY, REPEATED], 'loop'],
  [[NEW, REPEATED, REPEATED, NEW, REPEATED], undefined],
  [[NEW, ...times(99_999, EMPTY)], undefined],
  [[NEW, ...times(100_000, EMPTY)], 'loop'],
  [[NEW, ...times(99_999, EMPTY), NEW, EMPTY], undefined],
  [[NEW, ...times(999, BEYOND)], undefined],
  [[NEW, ...times(1000, BEYOND)], 'growing'],
  [[NEW, ...times(1000, { ...BEYOND, isBeyond: false })], undefined],
  [[NEW, ...times(1000, { ...BEYOND, records: 5 })], undefined],
  [[NEW, ...times(999, BEYOND), EMPTY, BEYOND], undefined],
] as const)('pages that bring nothing are counted in a row', (pages, why) => {
  expect(pointless(after(pages))).toBe(why);
});

test('records are counted, unless nobody knows how many there were before', () => {
  expect(after([NEW, EMPTY, BEYOND]).records).toBe(14);
  expect(after([NEW], startCounts(undefined)).records).toBeUndefined();
});

describe('over slices of one page', () => {
  test('an API that gives empty pages without end, each with a new token, is given up', async () => {
    const entity = entityWith({ paging: { style: 'cursor' } });
    const fetch: Walk['fetch'] = async (token) => ({ records: [], next: String(Number(token) + 1), characters: 0 });
    let stored = { order: '', values: ['7'], counts: { ...startCounts(4), empty: 99_996 } };
    const readSlice = async () => {
      const seen = new SeenRecords(entity, []);
      const walk = { entity, seen, fetch, isBeyond: () => true, onImpliedEnd: () => undefined };
      const [start = ''] = stored.values;
      for await (const { next, counts } of walkPages({ ...walk, start, counts: stored.counts })) {
        stored = JSON.parse(JSON.stringify({ order: '', values: [next], counts })) as typeof stored;
        expect(positionSchema.parse(stored)).toEqual(stored);
        return;
      }
    };
    for (let slice = 0; slice < 3; slice += 1) await readSlice();
    expect(stored.values).toEqual(['10']);
    await expect(readSlice()).rejects.toMatchObject({ code: 'PAGES_LOOP' });
  });

  test('an API that gives known records without end is given up', async () => {
    let asked = 0;
    let asked_in_slice = 0;
    const server: Server = (query) => {
      asked += 1;
      asked_in_slice += 1;
      if (asked > 20) throw new Error('reading does not end');
      const page = Number(query.get('cursor') ?? '0');
      const ids = page < 2 ? [2 * page, 2 * page + 1] : [page % 3];
      return { body: { data: ids.map((id) => ({ id })), next: String(page + 1) } };
    };
    const deadlineOf = (): Deadline => {
      asked_in_slice = 0;
      return { isNear: () => asked_in_slice > 0, remainingMs: () => Infinity };
    };
    const settings = { records_path: 'data', paging: { style: 'cursor', cursor_path: 'next', size: 2 } } as const;
    await expect(readList(server, settings, deadlineOf)).rejects.toMatchObject({ code: 'PAGES_LOOP' });
    expect(asked).toBe(6);
  });
});
