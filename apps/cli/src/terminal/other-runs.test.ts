import type { LoadRecord } from '@bronze/common/load/load-record';
import { timestamp } from '@bronze/common/words/timestamp';
import { describe, expect, test } from 'vitest';
import { leftLine, otherLoadLines } from './other-runs.ts';

const called = { config: 'shop.config.ts', out: 'my data', isConfigured: (entity: string) => entity === 'orders' };

describe('what an earlier run left of an entity', () => {
  test('that is configured is done by a run of it, on the same folder', () => {
    expect(leftLine({ entity: 'orders', messages: 1 }, called)).toBe(
      "orders: an earlier run left 1 message; npx --no -- bronze run orders --config shop.config.ts --out 'my data' does the work of it",
    );
  });

  test('that is not configured any more can only be dropped', () => {
    expect(leftLine({ entity: 'gone', messages: 2 }, { ...called, out: 'bronze-data' })).toBe(
      'gone: an earlier run left 2 messages, and shop.config.ts has no such entity any more; npx --no -- bronze abandon gone --out bronze-data drops them',
    );
  });
});

test('a load that ended in a run and did not answer its request is named, with its reason', () => {
  const [own, other] = [
    { load_id: 'own', load_type: 'incremental', rows_in_bronze: 5 },
    { load_id: 'other', load_type: 'full', rows_in_bronze: 1 },
  ] as unknown as [LoadRecord, LoadRecord];
  const line =
    'orders: also ended the full load other (1 row), which was asked for before: an entity has one load at a time';
  expect(otherLoadLines({ entity: 'orders', loads: [other, own], load: own })).toEqual([line]);
  expect(otherLoadLines({ entity: 'orders', loads: [other], load: undefined })).toEqual([line]);
  expect(otherLoadLines({ entity: 'orders', loads: [own], load: own })).toEqual([]);
  const backfill = { from: timestamp('2024-01-01'), to: timestamp('2024-02-01') };
  expect(otherLoadLines({ entity: 'orders', loads: [{ ...other, backfill }, own], load: own })).toEqual([
    'orders: also ended the backfill from 2024-01-01T00:00:00.000000Z to 2024-02-01T00:00:00.000000Z, load other (1 row), which was asked for before: an entity has one load at a time',
  ]);
});
