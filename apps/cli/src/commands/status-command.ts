import { stat } from 'node:fs/promises';
import type { Checkpoint } from '@bronze/common/load/checkpoint';
import { CheckpointFile } from '@bronze/common/load/checkpoint-file';
import { machineError } from '@bronze/common/words/failure';
import { guaranteeOf, standingWindow } from '@bronze/common/words/exact-position';
import { type LoadRecord, readLoadRecord } from '@bronze/common/load/load-record';
import type { Skipped } from '@bronze/common/load/position';
import type { ObjectStore } from '@bronze/common/ports/object-store';
import { SystemClock } from '@bronze/common/adapters/system-clock';
import { isAhead } from '@bronze/planner/freshness';
import { readDeadLetters } from '@bronze/runner/dead-letters';
import { FolderObjectStore } from '@bronze/common/adapters/local/folder-object-store';
import { lastChangeLine, lastSchemaChange, type LastSchemaChange } from '../drift/last-change.ts';
import { EXIT, usageError } from '../exit-code.ts';
import { leftForLater } from '../terminal/left-for-later.ts';
import { count } from '../terminal/numbers.ts';
import { type Format, printJson, printTable, right, say } from '../terminal/output.ts';

export interface StatusOptions {
  readonly out: string;
  readonly output: Format;
}

interface EntityStatus {
  readonly entity: string;
  readonly state: 'idle' | 'loading' | 'unreadable';
  /** Whether the checkpoint is in the future, so that nothing is loaded until that time has come. */
  readonly is_ahead: boolean;
  readonly last_sync_timestamp: string | null;
  readonly record_count: number | null;
  readonly updated_at: string | null;
  /** What the last claimed window guarantees; after an abandoned load, what the checkpoint does. Null: not known. */
  readonly guarantee: string | null;
  /** At that claim: how far the checkpoint was behind the source's clock, and the oldest open transaction's age. */
  readonly watermark_lag_seconds: number | null;
  readonly oldest_transaction_seconds: number | null;
  /** What the last load skipped, and what of that it left for later loads. Null while one is pending, and after exact ones. */
  readonly left_out: Skipped | null;
  readonly last_schema_change: LastSchemaChange | null;
  readonly pending_load: Checkpoint['pending_load'] | null;
  readonly waiting_requests: number;
  readonly dead_letters: readonly string[];
}

/**
 * `bronze status`: how far each entity has come, and what is stuck. Exit code 4 if there are dead letters, or if a
 * checkpoint can't be read or is in the future.
 */
export async function statusCommand(options: StatusOptions): Promise<number> {
  await assertFolder(options.out);
  const objects = await FolderObjectStore.open(options.out);
  try {
    const dead = readDeadLetters(options.out);
    const checkpoints = await new CheckpointFile(objects).readAll();
    const names = [...new Set([...checkpoints.keys(), ...dead.map(({ entity }) => entity)])];
    const windows = await Promise.all(names.map((entity) => lastWindow(objects, entity, checkpoints.get(entity))));
    const changes = await Promise.all(
      names.map((entity) => lastSchemaChange(objects, entity, checkpoints.get(entity))),
    );
    const entities = names.map((entity, index) => {
      const isUnreadable = checkpoints.has(entity) && checkpoints.get(entity) === undefined;
      return {
        ...statusOf(entity, checkpoints.get(entity), dead),
        ...describeWindow(windows[index]),
        last_schema_change: changes[index] ?? null,
        ...(isUnreadable && { state: 'unreadable' as const }),
      };
    });
    if (options.output === 'json') printJson({ out: options.out, entities });
    else printEntities(entities);
    for (const { entity, last_schema_change } of entities) {
      if (last_schema_change) say(lastChangeLine(entity, last_schema_change));
    }
    const isHealthy = dead.length === 0 && entities.every(({ state, is_ahead }) => state !== 'unreadable' && !is_ahead);
    return isHealthy ? EXIT.ok : EXIT.unhealthy;
  } finally {
    objects.close();
  }
}

/** @throws BronzeError CONFIG_INVALID if the folder does not exist, or is none */
export async function assertFolder(out: string): Promise<void> {
  const hint = 'Pass --out with the folder of an earlier bronze run.';
  const found = await stat(out).catch((thrown: unknown) => {
    throw machineError(thrown, out) ?? usageError(`the folder ${out} does not exist`, hint);
  });
  if (!found.isDirectory()) throw usageError(`${out} is not a folder`, hint);
}

function statusOf(
  entity: string,
  checkpoint: Checkpoint | undefined,
  dead: ReturnType<typeof readDeadLetters>,
): Omit<EntityStatus, keyof ReturnType<typeof describeWindow> | 'last_schema_change'> {
  const { pending_load = null, next_requests = [], ...idle } = checkpoint ?? {};
  return {
    entity,
    state: pending_load ? 'loading' : 'idle',
    is_ahead: idle.last_sync_timestamp !== undefined && isAhead(idle.last_sync_timestamp, new SystemClock().now()),
    last_sync_timestamp: idle.last_sync_timestamp ?? null,
    record_count: idle.record_count ?? null,
    updated_at: idle.updated_at ?? null,
    pending_load,
    waiting_requests: next_requests.length,
    dead_letters: dead
      .filter((letter) => letter.entity === entity)
      .map(({ failure }) => `${failure.code}: ${failure.message}`),
  };
}

type Window = Pick<
  NonNullable<Checkpoint['pending_load']>,
  'window_basis' | 'window_fallback' | 'watermark_lag_seconds' | 'oldest_transaction_seconds'
> &
  Partial<Pick<LoadRecord, 'left_out'>>;

/** The window of the pending load, else of the last load; if that was abandoned, the one the checkpoint is still at. */
async function lastWindow(
  objects: ObjectStore,
  entity: string,
  checkpoint: Checkpoint | undefined,
): Promise<Window | undefined> {
  const { pending_load, last_load_id } = checkpoint ?? {};
  if (pending_load || last_load_id === undefined) return pending_load;
  const record = await readLoadRecord(objects, { entity, load_id: last_load_id });
  if (record?.status === 'completed') return record;
  const { exact_position, last_sync_timestamp } = checkpoint ?? {};
  return exact_position && last_sync_timestamp && standingWindow(exact_position, last_sync_timestamp);
}

function describeWindow(window: Window | undefined) {
  return {
    guarantee: window ? guaranteeOf(window) : null,
    watermark_lag_seconds: window?.watermark_lag_seconds ?? null,
    oldest_transaction_seconds: window?.oldest_transaction_seconds ?? null,
    left_out: window?.left_out ?? null,
  };
}

function printEntities(entities: readonly EntityStatus[]): void {
  printTable(
    [
      'entity',
      'state',
      'checkpoint',
      'guarantee',
      'lag',
      'rows of last load',
      'left for later',
      'waiting',
      'dead letters',
    ],
    entities.map((one) => [
      one.entity,
      one.state,
      one.is_ahead ? `${one.last_sync_timestamp} (in the future)` : (one.last_sync_timestamp ?? 'never loaded'),
      one.guarantee ?? '',
      right(one.watermark_lag_seconds === null ? '' : `${count(Math.round(one.watermark_lag_seconds))} s`),
      right(one.record_count === null ? '' : count(one.record_count)),
      right(leftForLater(one.left_out ?? {})),
      right(count(one.waiting_requests)),
      one.dead_letters.join('\n'),
    ]),
  );
}
