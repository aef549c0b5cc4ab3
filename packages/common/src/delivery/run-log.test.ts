import { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import { describe, expect, test } from 'vitest';
import { requireVariables } from '../adapters/aws/lambda-environment.ts';
import type { PipelineEvent } from '../load/events.ts';
import { BronzeError, toFailure } from '../words/failure.ts';
import { EPOCH, timestamp } from '../words/timestamp.ts';
import { RunLog, runLogEntry, validated } from './run-log.ts';

const load = { entity: 'customers', load_id: '00000000-0000-8000-8000-000000000001' };
const clock = { now: () => timestamp('2024-01-15T10:30:45.999999Z') };
const claimed = {
  ...load,
  kind: 'load_claimed',
  load_type: 'full',
  since: EPOCH,
  until: EPOCH,
  run_id: undefined,
  since_parameter: undefined,
} as const satisfies PipelineEvent;
const completed = { ...load, kind: 'load_completed', rows: 1500, rows_quarantined: 0, parts: 3, until: EPOCH } as const;
const denied = new BronzeError('SOURCE_DENIED', { message: 'permission denied\nfor table customers', hint: 'GRANT' });
const failed = { entity: 'customers', kind: 'message_failed', receive_count: 1, failure: toFailure(denied) } as const;

async function textsIn(objects: MemoryObjectStore): Promise<string[]> {
  const keys = await objects.list('');
  return Promise.all(keys.map(async (key) => Buffer.from((await objects.get(key))?.body ?? []).toString()));
}

const textsOf = (event: PipelineEvent) => runLogEntry(event, clock.now(), 'M')?.lines.map((line) => line.slice(22));

test('the run log has the lines of a load once, however often its message is delivered, under their day', async () => {
  const objects = new MemoryObjectStore();
  for (let delivery = 0; delivery < 2; delivery += 1) {
    const log = new RunLog({ objects, clock }, 'M');
    log.event(claimed);
    log.event({ ...load, kind: 'batch_staged', slice: 0, attempt: 'a', rows: 1, bytes: 1 });
    log.event(completed);
    log.event({ ...load, kind: 'schema_changed', changes: [{ kind: 'added', column: 'vip', to: 'boolean' }] });
    log.event({ ...failed, is_dead: false });
    log.event({ ...failed, is_dead: true });
    await log.flush();
  }
  expect(await objects.list('')).toEqual(
    [`M-2-failed`, `${load.load_id}-1-starting`, `${load.load_id}-2-completed`, `${load.load_id}-3-changed`]
      .map((name) => `logs/pipeline/ingestion/date=2024-01-15/customers-${name}.log`)
      .toSorted(),
  );
  expect((await textsIn(objects)).join('')).toBe(
    [
      '[2024-01-15 10:30:45] Starting: Processing customers',
      '[2024-01-15 10:30:45] Processing customers: Extracted 1500 records',
      '[2024-01-15 10:30:45] Processing customers: Wrote 3 files',
      '[2024-01-15 10:30:45] Completed: Processing customers',
      '[2024-01-15 10:30:45] Changed: Columns of customers (added vip (boolean))',
      String.raw`[2024-01-15 10:30:45] Failed: Processing customers: SOURCE_DENIED: "permission denied\nfor table customers"`,
      '',
    ].join('\n'),
  );
});

test('what is in quarantine was extracted too, and has a line of its own', () => {
  expect(textsOf({ ...completed, rows: 245, rows_quarantined: 5 })).toEqual([
    'Processing customers: Extracted 250 records',
    'Processing customers: Wrote 3 files',
    'Processing customers: Quarantined 5 records',
    'Completed: Processing customers',
  ]);
});

test('lines that can’t be written do not keep back those behind them, and the failure is thrown', async () => {
  const objects = new MemoryObjectStore();
  const broken = {
    putIfAbsent: (key: string, body: Uint8Array) =>
      key.includes('starting') ? Promise.reject(new Error('SlowDown')) : objects.putIfAbsent(key, body),
  };
  const log = new RunLog({ objects: broken, clock }, 'M');
  log.event(claimed);
  log.event(completed);
  await expect(log.flush()).rejects.toThrow('SlowDown');
  expect((await textsIn(objects)).join('')).toContain('Completed: Processing customers');
});

describe('the validation before a run', () => {
  const unwritten = () => undefined;

  test('is in the run log once, with its start and its end', async () => {
    const objects = new MemoryObjectStore();
    for (let planned = 0; planned < 2; planned += 1) {
      await validated({ objects, clock }, { id: 'request', unwritten }, () => ({ run_id: 'R' }));
    }
    expect(await objects.list('')).toEqual(['logs/pipeline/ingestion/date=2024-01-15/run-R-0-validation.log']);
    expect(await textsIn(objects)).toEqual([
      '[2024-01-15 10:30:45] Starting: Configuration Validation\n[2024-01-15 10:30:45] Completed: Configuration Validation\n',
    ]);
  });

  test('that fails has its code and message there, and fails the run', async () => {
    const objects = new MemoryObjectStore();
    const unknown = new BronzeError('ENTITY_UNKNOWN', { message: 'there is no entity x', hint: '' });
    const refuse = () => {
      throw unknown;
    };
    await expect(validated({ objects, clock }, { id: 'request', unwritten }, refuse)).rejects.toBe(unknown);
    expect((await textsIn(objects))[0]).toContain(
      '[2024-01-15 10:30:45] Failed: Configuration Validation: ENTITY_UNKNOWN: there is no entity x\n',
    );
  });

  test('does not fail the run if only its lines can’t be written', async () => {
    const codes: string[] = [];
    const objects = { putIfAbsent: () => Promise.reject(new BronzeError('STORE_DENIED', { message: '', hint: '' })) };
    const run = { id: 'request', unwritten: ({ code }: { code: string }) => codes.push(code) };
    await expect(validated({ objects, clock }, run, () => ({ run_id: 'R' }))).resolves.toEqual({ run_id: 'R' });
    expect(codes).toEqual(['STORE_DENIED']);
  });
});

test('an error names all missing variables at once, and no value', () => {
  const environment = { A: 'canary', B: '', C: undefined };
  expect(requireVariables(environment, ['A'])).toEqual({ A: 'canary' });
  expect(() => requireVariables(environment, ['A', 'B', 'C'])).toThrow('the function lacks the variables B, C');
});
