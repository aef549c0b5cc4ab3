import { setTimeout as sleep } from 'node:timers/promises';
import type { PendingLoad } from '@bronze/common/load/checkpoint';
import { defineConfig, entityOf, isTable } from '@bronze/common/config';
import type { PipelineEvent } from '@bronze/common/load/events';
import type { Clock } from '@bronze/common/ports/clock';
import type { RawBatch, SliceReader, SliceStart } from '@bronze/common/load/source';
import type {
  PostgresSourceConfig,
  PostgresSourceInput,
  TableEntity,
  TableEntityInput,
} from '@bronze/common/config/postgres';
import type { Position } from '@bronze/common/load/position';
import { timestamp } from '@bronze/common/words/timestamp';
import { PgDatabase } from '../adapters/pg-database.ts';
import type { Database, Session } from './database.ts';
import { PostgresSource } from './postgres-source.ts';

type Settings = Partial<TableEntityInput>;
type SourceSettings = Partial<PostgresSourceInput>;

export const FULL: PendingLoad = {
  load_id: '00000000-0000-8000-8000-000000000001',
  load_type: 'full',
  since: timestamp('1970-01-01'),
  until: timestamp('9999-12-31'),
  ingested_at: timestamp('2024-01-15'),
};

export function incremental(since: string, until: string): PendingLoad {
  return { ...FULL, load_type: 'incremental', since: timestamp(since), until: timestamp(until) };
}

/** A source over a real database. Its clock really sleeps only if `isPatient`. */
export function sourceOf(url: string, settings: Settings = {}, sourceSettings: SourceSettings = {}, isPatient = false) {
  return sourceOver((config) => new PgDatabase({ url: async () => url, config }), url, {
    settings,
    sourceSettings,
    isPatient,
  });
}

/** Opens one session for all who ask, in one transaction: reading many small tables is then fast. */
export async function sharedSession(url: string) {
  const session = await new PgDatabase({
    url: async () => url,
    config: { idle_timeout_seconds: 60, statement_timeout_seconds: 60 },
  }).open();
  const copies: string[] = [];
  const shared: Session = {
    quoting: session.quoting,
    rows: (sql, values) => session.rows(sql, values),
    copy: (sql) => {
      copies.push(sql);
      return session.copy(sql);
    },
    close: async () => undefined,
  };
  const database: Database = { open: async () => shared };
  return {
    session: shared,
    copies,
    sourceOf: (settings: Settings) => sourceOver(() => database, url, { settings }),
    close: () => session.close(),
  };
}

interface Options {
  readonly settings?: Settings;
  readonly sourceSettings?: SourceSettings;
  readonly isPatient?: boolean;
}

function sourceOver(
  open: (config: PostgresSourceConfig) => Database,
  url: string,
  { settings, sourceSettings, isPatient = false }: Options,
) {
  const config = defineConfig({
    sources: { db: { type: 'postgres', url, ...sourceSettings } },
    entities: { things: { source: 'db', table: 'public.things', ...settings } },
  });
  const events: PipelineEvent[] = [];
  const clock: Clock = {
    now: () => timestamp('2024-01-15'),
    sleep: async (ms) => void (isPatient && (await sleep(ms))),
  };
  const sourceConfig = config.sources['db'];
  const entity = entityOf(config, 'things');
  if (sourceConfig?.type !== 'postgres' || !isTable(entity)) throw new Error('the source is not PostgreSQL');
  const source = new PostgresSource({
    database: open(sourceConfig),
    config: sourceConfig,
    clock,
    log: { event: (event) => events.push(event) },
  });
  return { source, entity, events };
}

export function rowsOf(batches: readonly RawBatch[]): Record<string, string | null>[] {
  return batches.flatMap(({ ndjson }) =>
    Buffer.from(ndjson)
      .toString()
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, string | null>),
  );
}

interface Reading {
  readonly source: PostgresSource;
  readonly entity: TableEntity;
}

export async function readAll(
  { source, entity }: Reading,
  load: PendingLoad,
  position?: Position,
): Promise<RawBatch[]> {
  const reader = await source.openSlice(entity, load, startAt(position));
  const batches: RawBatch[] = [];
  for await (const batch of reader.batches) batches.push(batch);
  return batches;
}

/** A slice whose first batch was read, so that it knows what it found. */
export async function begun({ source, entity }: Reading, load: PendingLoad, position?: Position): Promise<SliceReader> {
  const reader = await source.openSlice(entity, load, startAt(position));
  for await (const _ of reader.batches) break;
  return reader;
}

/** What happens after slice number `slice` (from 1), before the next one is opened. */
export type Between = (slice: number) => Promise<void>;

/** Reads a load in slices of one batch, each with a statement of its own. */
export async function readInSlices(reading: Reading, load: PendingLoad, between?: Between): Promise<RawBatch[]> {
  const batches: RawBatch[] = [];
  for (;;) {
    const reader = await reading.source.openSlice(reading.entity, load, startAt(batches.at(-1)?.position));
    const [batch] = await firstOf(reader.batches);
    if (!batch) return batches;
    if (JSON.stringify(batch.position) === JSON.stringify(batches.at(-1)?.position))
      throw new Error('the position did not move');
    batches.push(batch);
    await between?.(batches.length);
  }
}

/** As {@link readInSlices}, with the statement and the snapshot of each slice open until the last one is read. */
export async function readOverlapping(reading: Reading, load: PendingLoad, between: Between): Promise<RawBatch[]> {
  const batches: RawBatch[] = [];
  const open: AsyncGenerator<RawBatch>[] = [];
  try {
    for (;;) {
      const reader = await reading.source.openSlice(reading.entity, load, startAt(batches.at(-1)?.position));
      const slice = yieldAll(reader.batches);
      open.push(slice);
      const { value, done } = await slice.next();
      if (done) return batches;
      batches.push(value);
      await between(batches.length);
    }
  } finally {
    for (const slice of open) await slice.return(undefined);
  }
}

async function* yieldAll<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
  yield* items;
}

async function firstOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  for await (const item of items) return [item];
  return [];
}

export function startAt(position?: Position): SliceStart {
  return {
    position,
    knownColumns: async () => [],
    deadline: { isNear: () => false, remainingMs: () => Infinity },
  };
}
