import { positionSchema } from '@bronze/common/load/position';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { entityWith } from '../endpoint.fixtures.ts';
import { JsonNumber, JsonObject } from '../records/json-node.ts';
import type { PageStep, Walk } from './page-step.ts';
import { follow, isOnTrail, type PageTrail } from './page-trail.ts';
import { walkPages } from './page-walk.ts';
import { SeenRecords } from './seen-records.ts';

/** After how many pages the circle is noticed; the page after the last is `nextOf` it. */
function noticedAfter(nextOf: (page: number) => number, pages_max: number): number | undefined {
  let trail: PageTrail | undefined;
  for (let count = 0, page = 0; count < pages_max; count += 1, page = nextOf(page)) {
    if (isOnTrail(trail, String(page))) return count;
    trail = follow(trail, String(page));
  }
  return undefined;
}

test('a circle of any length, after a way of any length, is noticed', () => {
  fc.assert(
    fc.property(fc.nat(300), fc.integer({ min: 1, max: 300 }), (way, circle) => {
      const nextOf = (page: number) => (page + 1 < way + circle ? page + 1 : way);
      const noticed = noticedAfter(nextOf, 3 * (way + circle) + 2);
      expect(noticed).toBeGreaterThanOrEqual(circle);
    }),
  );
});

test('pages that are no circle are none, however many', () => {
  expect(noticedAfter((page) => page + 1, 100_000)).toBeUndefined();
});

const recordOf = (id: number) => new JsonObject([['id', new JsonNumber(String(id))]]);

interface Reading {
  readonly nextOf: (page: number) => number | undefined;
  readonly slice_pages: number;
  readonly pages_max: number;
}

/** Reads slice by slice, as if each were another process: all it knows is the stored position. */
async function readSlices({ nextOf, slice_pages, pages_max }: Reading): Promise<number> {
  const entity = entityWith({ paging: { style: 'cursor' } });
  let stored: { start: string; trail?: PageTrail | undefined; carried: string[] } = { start: '0', carried: [] };
  for (let pages = 0; pages < pages_max;) {
    const seen = new SeenRecords(entity, stored.carried);
    const fetch: Walk['fetch'] = async (token) => {
      const next = nextOf(Number(token));
      const records = Array.from({ length: 600 }, (_, n) => recordOf(Number(token) * 600 + n));
      return { records, next: next === undefined ? undefined : String(next), characters: 0 };
    };
    let last: PageStep | undefined;
    let count = 0;
    for await (const step of walkPages({
      entity,
      seen,
      start: stored.start,
      trail: stored.trail,
      fetch,
      isBeyond: () => false,
      onImpliedEnd: () => undefined,
    })) {
      last = step;
      pages += 1;
      if ((count += 1) >= slice_pages) break;
    }
    if (last?.next === undefined) return pages;
    const position = { order: '', values: [last.next, ...seen.carried()], trail: last.trail };
    const { values, trail } = positionSchema.parse(JSON.parse(JSON.stringify(position)));
    stored = { start: values[0] ?? '', trail, carried: values.slice(1) };
  }
  return pages_max;
}

test.each([1, 2, 3, 5])('six pages in a circle, in slices of %d, are an error', async (slice_pages) => {
  const reading = readSlices({ nextOf: (page) => (page + 1) % 6, slice_pages, pages_max: 40 });
  await expect(reading).rejects.toMatchObject({ code: 'PAGES_LOOP' });
});

test('a long list that is no circle is read to its end', async () => {
  const nextOf = (page: number) => (page < 149 ? page + 1 : undefined);
  expect(await readSlices({ nextOf, slice_pages: 2, pages_max: 1000 })).toBe(150);
});

test('a page that could not be fetched is not on the trail: the next slice asks for it again', async () => {
  const entity = entityWith({ paging: { style: 'cursor' } });
  const fetch: Walk['fetch'] = async (token) => {
    if (token === '3') throw new Error('not now');
    return { records: [recordOf(Number(token))], next: String(Number(token) + 1), characters: 0 };
  };
  let last: PageStep | undefined;
  const walk = {
    entity,
    seen: new SeenRecords(entity, []),
    start: '0',
    fetch,
    isBeyond: () => false,
    onImpliedEnd: () => undefined,
  };
  const reading = (async () => {
    for await (const step of walkPages(walk)) last = step;
  })();
  await expect(reading).rejects.toThrow('not now');
  expect(last?.next).toBe('3');
  expect(last?.trail?.count).toBe(1);
});

test('positions of earlier code, without a trail, are still read', () => {
  expect(positionSchema.parse({ order: 'o', values: ['t'] })).toEqual({ order: 'o', values: ['t'] });
});
