import { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import { describe, expect, test } from 'vitest';
import { encodeJson } from '../words/json.ts';
import {
  buildLoadRecord,
  lastThatMoved,
  type LoadRecord,
  loadRecordSchema,
  newestSeen,
  readLoadRecord,
  schemaFields,
} from './load-record.ts';
import type { Receipt } from './receipts.ts';
import { loadRecordKey } from './object-keys.ts';
import { schemaDigest } from './schema-changes.ts';
import { batch, LOAD_ID, slice } from './slices.fixtures.ts';
import { timestamp } from '../words/timestamp.ts';

const COMPLETED_AT = timestamp('2024-01-02');
const part = (key: string, rows: number) => ({ key, rows, bytes: 10, sha256: 'ab' });
const receipt = (task: string, rows: number, quarantined = 0): Receipt => ({
  version: 1,
  task,
  engine: { name: 'duckdb', degraded: [] },
  parts: [part(`${task}.parquet`, rows)],
  quarantine: quarantined === 0 ? null : { key: `${task}.ndjson`, rows: quarantined },
});

describe('the record of a covered load', () => {
  const columns = [{ name: 'id', type: 'bigint' }];
  const first = { ...slice(0, 2, false), batches: [batch(5, 1), batch(7, 1)], columns: [] };
  const last = { ...slice(1, 1, true), batches: [batch(11, 1)], columns };
  const receipts = [receipt('00000-00000', 5), receipt('00000-00001', 4, 3), receipt('00001-00000', 11)];

  test('L1: every staged row is in bronze or in quarantine, and the record says where', () => {
    const record = buildLoadRecord([first, last], receipts, COMPLETED_AT);
    expect(record).toStrictEqual({
      version: 1,
      status: 'completed',
      entity: 'orders',
      load_id: LOAD_ID,
      load_type: 'full',
      since: timestamp('1970-01-01'),
      until: timestamp('2024-01-01'),
      ingested_at: timestamp('2024-01-01'),
      completed_at: COMPLETED_AT,
      source_system: 'rds',
      rows: 23,
      rows_in_bronze: 20,
      rows_quarantined: 3,
      slices: 2,
      write_tasks: 3,
      engines: [{ name: 'duckdb', degraded: [] }],
      columns,
      parts: receipts.flatMap(({ parts }) => parts),
      quarantine: [{ key: '00000-00001.ndjson', rows: 3 }],
    } satisfies LoadRecord);
    expect(record.rows).toBe(record.rows_in_bronze + record.rows_quarantined);
  });

  test('holds the run, the window basis and the skipped records, if there are any', () => {
    const load = { ...last.load, run_id: LOAD_ID, window_basis: 'margin', since_parameter: 'sent' } as const;
    const left_out = { without_cursor: 1, outside_window: 2, repeated: 3 };
    const record = buildLoadRecord([first, { ...last, load, left_out }], receipts, COMPLETED_AT);
    expect(record).toMatchObject({ run_id: LOAD_ID, window_basis: 'margin', since_parameter: 'sent', left_out });
  });

  test('holds the exact window, and the fallback of its claim or of a slice', () => {
    const exact = {
      exact_window: {
        database: '7/1/5',
        table_oid: '16384',
        from_xid: '5',
        until_xid: '9',
        scan_from: null,
        next_scan_from: COMPLETED_AT,
      },
      watermark_lag_seconds: 0,
      oldest_transaction_seconds: 0,
    };
    const windowed = { ...last, load: { ...last.load, ...exact } };
    expect(buildLoadRecord([first, windowed], receipts, COMPLETED_AT)).toMatchObject(exact);
    const fallen = { ...first, window_fallback: 'table_changed' } as const;
    expect(buildLoadRecord([fallen, windowed], receipts, COMPLETED_AT).window_fallback).toBe('table_changed');
    const claimed = { ...last, load: { ...last.load, window_fallback: 'no_position' } } as const;
    expect(buildLoadRecord([fallen, claimed], receipts, COMPLETED_AT).window_fallback).toBe('no_position');
    expect(buildLoadRecord([first, claimed], receipts, COMPLETED_AT).window_fallback).toBe('no_position');
  });

  test('calls the since parameter ignored if one slice saw it ignored', () => {
    const load = { ...last.load, since_parameter: 'sent' } as const;
    const ignored = { ...first, since_parameter: 'ignored' } as const;
    expect(buildLoadRecord([ignored, { ...last, load }], receipts, COMPLETED_AT).since_parameter).toBe('ignored');
    const sent = { ...first, since_parameter: 'sent' } as const;
    expect(buildLoadRecord([sent, { ...last, load }], receipts, COMPLETED_AT).since_parameter).toBe('sent');
  });

  test('names each engine once, with the columns it wrote as another type', () => {
    const degraded = [{ column: 'id', type: 'bigint', written_as: 'text' }];
    const other: Receipt = { ...receipt('00001-00000', 11), engine: { name: 'parquetjs-lite', degraded } };
    const record = buildLoadRecord([first, last], [...receipts.slice(0, 2), other], COMPLETED_AT);
    expect(record.engines).toEqual([
      { name: 'duckdb', degraded: [] },
      { name: 'parquetjs-lite', degraded },
    ]);
  });

  test('can’t be built without a committed slice', () => {
    expect(() => buildLoadRecord([], [], COMPLETED_AT)).toThrow('without a committed slice');
  });
});

describe('reading a load record', () => {
  const columns = [{ name: 'id', type: 'bigint' }];
  const degraded = [{ column: 'id', type: 'bigint', written_as: 'text' }];
  const engine = { name: 'parquetjs-lite', degraded };
  const left_out = { without_cursor: 1, outside_window: 2, repeated: 3 };
  const whole = () =>
    buildLoadRecord(
      [{ ...slice(0, 1, true), batches: [batch(7, 1)], columns, left_out }],
      [{ ...receipt('00000-00000', 4, 3), engine }],
      COMPLETED_AT,
    );
  const key = { entity: 'orders', load_id: LOAD_ID };
  const storeOf = async (record: object) => {
    const objects = new MemoryObjectStore();
    await objects.putIfAbsent(loadRecordKey(key), encodeJson(record));
    return objects;
  };

  test('returns the whole record, including fields that newer code added', async () => {
    const record = { ...whole(), verdict: 'proven' };
    expect(await readLoadRecord(await storeOf(record), key)).toEqual(record);
    expect(await readLoadRecord(await storeOf({ ...record, status: 'abandoned' }), key)).toMatchObject({
      status: 'abandoned',
    });
    expect(await readLoadRecord(new MemoryObjectStore(), key)).toBeUndefined();
  });

  test.each([
    ['that decides something else', { status: 'paused' }],
    ['of another version', { version: 2 }],
    ['with a part of no size', { parts: [{ key: 'k' }] }],
    ['with a quarantine of no rows', { quarantine: [{ key: 'k' }] }],
    ['with a nameless engine', { engines: [{ degraded: [] }] }],
    ['with an engine that degrades no column', { engines: [{ ...engine, degraded: [{}] }] }],
    ['without a window', { until: undefined }],
  ])('refuses one %s, and the hint says that records are never edited', async (_, wrong) => {
    expect(loadRecordSchema.safeParse({ ...whole(), ...wrong }).success).toBe(false);
    await expect(readLoadRecord(await storeOf({ ...whole(), ...wrong }), key)).rejects.toMatchObject({
      code: 'OBJECT_INVALID',
      hint: expect.stringContaining('never edited') as string,
    });
  });

  describe('of the load before, to compare the columns with', () => {
    const unread = Object.assign(new MemoryObjectStore(), { get: () => Promise.reject(new Error('read')) });
    const other = [...columns, { name: 'vip', type: 'boolean' }];
    const added = { schema_changes: [{ kind: 'added', column: 'vip', to: 'boolean' }] };
    const one = (changes: object = {}, load: object = {}) => {
      const { load: claimed, ...rest } = slice(0, 0, true);
      return { ...rest, load: { ...claimed, ...load }, ...changes };
    };
    const after = { previous_load_id: LOAD_ID, previous_schema: schemaDigest({ columns }) };

    test('is not read for a first load, of which only a table’s columns can differ between slices', async () => {
      expect(await schemaFields(unread, [one({ columns })])).toEqual({});
      expect(await schemaFields(unread, [one({ columns }), one({ columns: other })])).toEqual(added);
      const api = { source_system: 'api' };
      expect(await schemaFields(unread, [one({ ...api, columns }), one({ ...api, columns: other })])).toEqual({});
      await expect(schemaFields(unread, [])).rejects.toThrow('without a committed slice');
    });

    test('is not read if the claim’s digest says that they are the same', async () => {
      expect(await schemaFields(unread, [one({ columns }, after)])).toEqual({});
      const unseen = { unseen_columns: ['id'] };
      const previous_schema = schemaDigest({ columns, ...unseen });
      expect(await schemaFields(unread, [one({ columns, ...unseen }, { ...after, previous_schema })])).toEqual(unseen);
    });

    test('is read if they are not, or if an earlier version made the claim', async () => {
      const objects = await storeOf(whole());
      expect(await schemaFields(objects, [one({ columns: other }, after)])).toEqual(added);
      const claimed = { previous_load_id: LOAD_ID };
      expect(await schemaFields(objects, [one({ columns: other }, claimed)])).toEqual(added);
      expect(await schemaFields(objects, [one({ columns }, claimed)])).toEqual({});
      expect(await schemaFields(new MemoryObjectStore(), [one({ columns: other }, claimed)])).toEqual({});
    });

    test('says nothing if that load had no columns, as an empty list has none', async () => {
      const empty = await storeOf({ ...whole(), columns: [] });
      const claimed = { previous_load_id: LOAD_ID, previous_schema: schemaDigest({ columns: [] }) };
      expect(await schemaFields(unread, [one({ columns }, claimed)])).toEqual({});
      expect(await schemaFields(empty, [one({ columns }, { previous_load_id: LOAD_ID })])).toEqual({});
    });

    test('passes fields on that no record has any more, until a record has one', async () => {
      const objects = await storeOf({ ...whole(), unseen_columns: ['id'] });
      const incremental = { ...after, load_type: 'incremental', previous_schema: 'other' };
      expect(await schemaFields(objects, [one({ columns }, incremental)])).toEqual({ unseen_columns: ['id'] });
      expect(await schemaFields(objects, [one({ columns, unseen_columns: [] }, incremental)])).toEqual({
        schema_changes: [{ kind: 'added', column: 'id', to: 'bigint' }],
      });
    });
  });
});

test('what was seen before counts only for a load that continues where that one ended', () => {
  const newest = timestamp('2024-01-14');
  const seen = { ...slice(0, 0, true), batches: [], tasks: [], seen_cursors: { newest, late: 0 } };
  const record = buildLoadRecord([seen], [], COMPLETED_AT);
  const next = { ...seen.load, since: record.until };
  expect(newestSeen(record, next)).toBe(newest);
  expect(newestSeen(record, { ...next, since: timestamp('2024-01-02') })).toBeUndefined();
  expect(newestSeen({ ...record, status: 'abandoned' }, next)).toBeUndefined();
  expect(newestSeen(undefined, next)).toBeUndefined();
});

test('a load after abandoned ones continues where the last completed one ended', async () => {
  const OLD = '11111111-0000-8000-8000-000000000000';
  const completed = buildLoadRecord([{ ...slice(0, 0, true), batches: [], tasks: [] }], [], COMPLETED_AT);
  const abandoned = { ...completed, status: 'abandoned', previous_load_id: LOAD_ID } as const;
  const objects = new MemoryObjectStore();
  await objects.putIfAbsent(loadRecordKey({ entity: 'orders', load_id: LOAD_ID }), encodeJson(completed));
  await objects.putIfAbsent(loadRecordKey({ entity: 'orders', load_id: OLD }), encodeJson(abandoned));
  expect(await lastThatMoved(objects, { ...abandoned, previous_load_id: OLD })).toEqual(completed);
  expect(await lastThatMoved(objects, completed)).toEqual(completed);
  expect(await lastThatMoved(objects, { ...completed, status: 'abandoned' })).toBeUndefined();
  expect(await lastThatMoved(objects, undefined)).toBeUndefined();
});

describe('a backfill', () => {
  const backfill = { from: timestamp('2024-01-01'), to: timestamp('2024-01-02') };
  const OLD = '11111111-0000-8000-8000-000000000000';
  const empty = { ...slice(0, 0, true), batches: [], tasks: [] };
  const load = { ...empty.load, load_type: 'incremental', backfill, previous_load_id: OLD } as const;

  test('is named in its record, with the load before it', () => {
    const record = buildLoadRecord([{ ...empty, load }], [], COMPLETED_AT);
    expect(record).toMatchObject({ backfill, previous_load_id: OLD, load_type: 'incremental' });
    expect(buildLoadRecord([empty], [], COMPLETED_AT)).not.toHaveProperty('backfill');
  });

  test('is not what the next load continues, nor does it continue another', async () => {
    const usual = { ...buildLoadRecord([empty], [], COMPLETED_AT), load_id: OLD };
    const objects = new MemoryObjectStore();
    await objects.putIfAbsent(loadRecordKey({ entity: 'orders', load_id: OLD }), encodeJson(usual));
    const record = buildLoadRecord([{ ...empty, load }], [], COMPLETED_AT);
    expect(await lastThatMoved(objects, record)).toEqual(usual);
    const newest = timestamp('2024-01-14');
    const seen = { ...usual, seen_cursors: { newest, late: 0 } };
    expect(newestSeen(seen, { ...empty.load, since: usual.until })).toBe(newest);
    expect(newestSeen(seen, { ...load, since: usual.until })).toBeUndefined();
  });
});
