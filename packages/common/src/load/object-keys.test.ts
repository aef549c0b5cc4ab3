import { expect, test } from 'vitest';
import * as keys from './object-keys.ts';
import { runLogKey } from './run-log-keys.ts';
import { timestamp } from '../words/timestamp.ts';

const load = {
  entity: 'orders',
  load_id: 'L',
  load_type: 'full',
  ingested_at: timestamp('2024-01-15T23:59:59.999999Z'),
} as const;

test('a load’s keys are exactly those that other systems and earlier versions know', () => {
  expect(keys.loadRecordKey(load)).toBe('logs/pipeline/ingestion/loads/orders/L.json');
  expect(keys.sliceManifestKey(load, 7)).toBe('data/staging/orders/L/slice-00007.json');
  expect(keys.batchKey(load, 0, 'attempt', 12)).toBe(
    'data/staging/orders/L/slice-00000/attempt/batch-00012.ndjson.zst',
  );
  expect(keys.receiptKey(load, 0, 3)).toBe('data/staging/orders/L/receipts/00000-00003.json');
  expect(keys.partKey(load, '2024-01-14', 42)).toBe(
    'data/bronze/orders/ingestion_date=2024-01-15/load_type=full/event_date=2024-01-14/part-00042-L.parquet',
  );
  expect(keys.partKey(load, null, 0)).toBe(
    'data/bronze/orders/ingestion_date=2024-01-15/load_type=full/part-00000-L.parquet',
  );
  expect(keys.quarantineKey(load, 1, 2)).toBe('data/quarantine/orders/ingestion_date=2024-01-15/L-00001-00002.ndjson');
});

test('the checkpoints, the probe and Hive’s name for NULL have fixed keys', () => {
  expect(keys.CHECKPOINTS_KEY).toBe('logs/pipeline/ingestion/checkpoints.json');
  expect(keys.PROBE_KEY).toBe('logs/pipeline/ingestion/probe.txt');
  expect(keys.partKey(load, keys.NULL_EVENT_DATE, 0)).toContain('/event_date=__HIVE_DEFAULT_PARTITION__/part-00000-');
});

test.each([
  '',
  '1704067200',
  '15/01/2024',
  'pending',
  '../../../x',
  '__all__',
  '{"a":1}',
  '2024-02-30',
  '2024-13-01',
  '2024-01-1',
  '2024-01-15T',
  '2024-01-15\n',
  '%2024-01-1',
])('no part is named by %j, which is no day', (text) => {
  expect(() => keys.partKey(load, text, 0)).toThrow(expect.objectContaining({ code: 'COLUMN_UNSUPPORTED' }) as Error);
});

test('logs and failures are stored under the UTC day on which they happened', () => {
  const at = timestamp('2024-01-15T23:30:00-01:00');
  expect(keys.failureRecordKey(at, 'm')).toBe('logs/pipeline/ingestion/failures/date=2024-01-16/m.json');
  expect(runLogKey({ subject: load.entity, id: load.load_id, at, name: '1-starting' })).toBe(
    'logs/pipeline/ingestion/date=2024-01-16/orders-L-1-starting.log',
  );
});

test('a load’s id can be read from its record’s key, and not from that of a stray next to it', () => {
  const load_id = '00000000-0000-8000-8000-000000000001';
  const key = keys.loadRecordKey({ entity: 'orders', load_id });
  expect(keys.loadIdOfRecord('orders', key)).toBe(load_id);
  const folder = keys.loadRecordsPrefix('orders');
  for (const stray of [
    '',
    '.DS_Store',
    '.json',
    `${load_id} (1).json`,
    `${load_id}.json~`,
    `${load_id}.text`,
    `a/${load_id}.json`,
  ])
    expect(keys.loadIdOfRecord('orders', `${folder}${stray}`), stray).toBeUndefined();
});

test('the task’s name can be read from a receipt’s key', () => {
  expect(keys.taskNameOfReceipt(load, keys.receiptKey(load, 1, 99_999))).toBe(keys.taskName(1, 99_999));
  expect(keys.sliceOfTask(keys.taskName(1, 2))).toBe(1);
  expect(keys.sliceOfTask(keys.taskName(123_456, 2))).toBe(123_456);
  expect(keys.receiptKey(load, 1, 2).startsWith(keys.receiptsPrefix(load))).toBe(true);
});
