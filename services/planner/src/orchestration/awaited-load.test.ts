import type { Checkpoint } from '@bronze/common/load/checkpoint';
import type { FailureRecord } from '@bronze/common/delivery/failure-record';
import type { LoadRecord } from '@bronze/common/load/load-record';
import { id, pending, SYNCED } from '@bronze/common/load/pending-load.fixtures';
import { timestamp } from '@bronze/common/words/timestamp';
import { expect, test } from 'vitest';
import { answerOf, type AwaitedLoad, keyOfAwaited, type Known } from './awaited-load.ts';

const REQUESTED = timestamp('2024-01-16T02:00:01Z');
const BEFORE = timestamp('2024-01-16T02:00:00Z');
const AFTER = timestamp('2024-01-16T02:00:05Z');
const awaited: AwaitedLoad = {
  version: 1,
  entity: 'orders',
  load_id: id(1),
  requested_at: REQUESTED,
  task_token: 'token',
};
const nothing: Known = { checkpoint: undefined, record: undefined, last: undefined, failures: [] };
const recordOf = (record: Partial<LoadRecord>) =>
  ({ status: 'completed', load_type: 'incremental', ingested_at: AFTER, ...record }) as LoadRecord;
const failureOf = (entity: string, failed_at = AFTER, code: FailureRecord['code'] = 'SOURCE_DENIED') =>
  ({ message: JSON.stringify({ entity }), failed_at, code }) as FailureRecord;
const loading: Checkpoint = { last_sync_timestamp: SYNCED, pending_load: pending(id(1)) };
const idle: Checkpoint = { last_sync_timestamp: SYNCED };

test.each<[string, Partial<Known>, string]>([
  ['nothing is stored yet', {}, 'open'],
  ['its load is pending', { checkpoint: loading }, 'open'],
  ['its record says completed', { checkpoint: loading, record: recordOf({}) }, 'completed'],
  ['its record says abandoned', { record: recordOf({ status: 'abandoned' }) }, 'failed'],
  ['another load that was claimed later answers it', { checkpoint: idle, last: recordOf({}) }, 'completed'],
  ['another load was claimed before', { checkpoint: idle, last: recordOf({ ingested_at: BEFORE }) }, 'open'],
  ['another load was abandoned', { checkpoint: idle, last: recordOf({ status: 'abandoned' }) }, 'open'],
  [
    'it waits behind another load',
    {
      checkpoint: { ...idle, pending_load: pending(id(2)), next_requests: [{ entity: 'orders', load_id: id(1) }] },
      last: recordOf({}),
    },
    'open',
  ],
  ['a message of it is dead', { checkpoint: loading, failures: [failureOf('orders')] }, 'failed'],
  ['a message of it died before', { checkpoint: loading, failures: [failureOf('orders', BEFORE)] }, 'open'],
  ['a message of another entity is dead', { checkpoint: loading, failures: [failureOf('customers')] }, 'open'],
  [
    'somebody’s backfill of it was refused',
    { checkpoint: loading, failures: [failureOf('orders', AFTER, 'BACKFILL_REFUSED')] },
    'open',
  ],
  [
    'a message of it died and another has completed it',
    { record: recordOf({}), failures: [failureOf('orders')] },
    'completed',
  ],
])('%s', (_, known, status) => {
  expect(answerOf(awaited, { ...nothing, ...known }).status).toBe(status);
});

test('a scheduled time that the checkpoint has reached answers an incremental request, and no full one', () => {
  const scheduled = { ...awaited, target: SYNCED };
  expect(answerOf(scheduled, { ...nothing, checkpoint: idle }).status).toBe('completed');
  expect(answerOf({ ...scheduled, load_type: 'full' }, { ...nothing, checkpoint: idle }).status).toBe('open');
  expect(answerOf({ ...awaited, load_type: 'full' }, { ...nothing, last: recordOf({}) }).status).toBe('open');
});

test('two tasks that wait for one load have an object each, whose key holds no token', () => {
  const keys = ['token', 'another'].map((task_token) => keyOfAwaited({ ...awaited, task_token }));
  expect(new Set(keys).size).toBe(2);
  for (const key of keys) expect(key).toMatch(/\/awaited\/orders\/1{8}-[0-9a-f-]+-[0-9a-f]{16}\.json$/);
});
