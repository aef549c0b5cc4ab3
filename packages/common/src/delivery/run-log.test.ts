import { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import { expect, test } from 'vitest';
import { requireVariables } from '../adapters/aws/lambda-environment.ts';
import { RunLog, runLogLine } from './run-log.ts';
import { EPOCH, timestamp } from '../words/timestamp.ts';

test('the run log has one line each for the start and the end of a load and for changed columns, under its day', async () => {
  const objects = new MemoryObjectStore();
  const clock = { now: () => timestamp('2024-01-15T10:30:45.999999Z'), sleep: async () => undefined };
  const load = { entity: 'customers', load_id: '00000000-0000-8000-8000-000000000001' };
  for (let delivery = 0; delivery < 2; delivery += 1) {
    const log = new RunLog(objects, clock);
    log.event({
      ...load,
      kind: 'load_claimed',
      load_type: 'full',
      since: EPOCH,
      until: EPOCH,
      run_id: undefined,
      since_parameter: undefined,
    });
    log.event({ ...load, kind: 'batch_staged', slice: 0, attempt: 'a', rows: 1, bytes: 1 });
    log.event({ ...load, kind: 'load_completed', rows: 250, rows_quarantined: 0, parts: 3, until: EPOCH });
    log.event({ ...load, kind: 'schema_changed', changes: [{ kind: 'added', column: 'vip', to: 'boolean' }] });
    await log.flush();
  }
  const keys = await objects.list('');
  expect(keys).toEqual([
    `logs/pipeline/ingestion/date=2024-01-15/customers-${load.load_id}-1-starting.log`,
    `logs/pipeline/ingestion/date=2024-01-15/customers-${load.load_id}-2-completed.log`,
    `logs/pipeline/ingestion/date=2024-01-15/customers-${load.load_id}-3-changed.log`,
  ]);
  const texts = await Promise.all(
    keys.map(async (key) => Buffer.from((await objects.get(key))?.body ?? []).toString()),
  );
  expect(texts).toEqual([
    '[2024-01-15 10:30:45] Starting: Processing customers\n',
    '[2024-01-15 10:30:45] Completed: Processing customers (250 records, 3 files)\n',
    '[2024-01-15 10:30:45] Changed: Columns of customers (added vip (boolean))\n',
  ]);
});

test('what is in quarantine is not among the records', () => {
  const load = { entity: 'customers', load_id: '00000000-0000-8000-8000-000000000001' };
  const event = { ...load, kind: 'load_completed', rows: 245, rows_quarantined: 5, parts: 3, until: EPOCH } as const;
  expect(runLogLine(event, timestamp('2024-01-15T10:30:45Z'))?.text).toBe(
    '[2024-01-15 10:30:45] Completed: Processing customers (245 records, 3 files, 5 more in quarantine)',
  );
});

test('a backfill is named with its window', () => {
  const load = { entity: 'customers', load_id: '00000000-0000-8000-8000-000000000001' };
  const backfill = { from: timestamp('2024-01-01'), to: timestamp('2024-02-01') };
  const event = { ...load, kind: 'load_completed', rows: 5, rows_quarantined: 0, parts: 1, until: EPOCH } as const;
  expect(runLogLine({ ...event, backfill }, timestamp('2024-01-15T10:30:45Z'))?.text).toBe(
    '[2024-01-15 10:30:45] Completed: Processing customers, backfill from 2024-01-01T00:00:00.000000Z to 2024-02-01T00:00:00.000000Z (5 records, 1 files)',
  );
});

test('an error names all missing variables at once, and no value', () => {
  const environment = { A: 'canary', B: '', C: undefined };
  expect(requireVariables(environment, ['A'])).toEqual({ A: 'canary' });
  expect(() => requireVariables(environment, ['A', 'B', 'C'])).toThrow('the function lacks the variables B, C');
});
