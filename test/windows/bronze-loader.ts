import { setTimeout as sleep } from 'node:timers/promises';
import { type Checkpoint, checkpointSchema, effectiveLoadType, type PendingLoad } from '@bronze/common/load/checkpoint';
import { finishLoad } from '@bronze/common/load/finish-load';
import { startLoad } from '@bronze/common/load/start-load';
import { defineConfig, type Entity, entityOf as entityIn, isTable } from '@bronze/common/config';
import type { Clock, Deadline } from '@bronze/common/ports/clock';
import type { RawBatch, Source, SliceReader } from '@bronze/common/load/source';
import type { Position } from '@bronze/common/load/position';
import type { WindowFallback } from '@bronze/common/words/exact-position';
import { timestamp } from '@bronze/common/words/timestamp';
import { PgDatabase } from '@bronze/extractor/adapters/pg-database';
import { PostgresSource } from '@bronze/extractor/postgres/postgres-source';
import * as z from 'zod/mini';
import type { Brought, Loader, Reading } from './loader.ts';
import type { DrawnLoad } from './schedule.ts';
import { entityOf } from './shapes.ts';

const NOW = timestamp('2024-01-15');
const DEADLINE: Deadline = { isNear: () => false, remainingMs: () => Infinity };

/** What a planted mistake may change: the source, and the checkpoint after a load has ended. */
export interface Tampering {
  readonly source?: (source: Source) => Source;
  readonly finished?: (checkpoint: Checkpoint, load: PendingLoad) => Checkpoint;
}

/** Loads by Bronze itself: with its real source and the real transitions of its checkpoint. */
export class BronzeLoader implements Loader {
  readonly lag_ms = undefined;
  readonly #source: Source;
  readonly #entity: Entity;
  readonly #tampering: Tampering;
  #checkpoint: Checkpoint | undefined;
  #loads = 0;

  constructor({ schedule, url, table }: Reading, tampering: Tampering = {}) {
    const { clock_margin_seconds, slice_rows } = schedule;
    const config = defineConfig({
      sources: { db: { type: 'postgres', url, clock_margin_seconds, reconnects: 0 } },
      entities: {
        things: {
          source: 'db',
          table: `public.${table}`,
          ...entityOf(schedule),
          slice_rows,
          batch_rows: Math.max(1, Math.floor(slice_rows / 2)),
        },
      },
    });
    const clock: Clock = { now: () => NOW, sleep: async (ms) => void (schedule.is_patient && (await sleep(ms))) };
    const source = config.sources['db'];
    const entity = entityIn(config, 'things');
    if (source?.type !== 'postgres' || !isTable(entity)) throw new Error('there is a table');
    const database = new PgDatabase({ url: async () => url, config: source });
    const ports = { database, config: source, clock, log: { event: () => undefined } };
    this.#source = (tampering.source ?? ((same) => same))(new PostgresSource(ports));
    this.#entity = entity;
    this.#tampering = tampering;
  }

  async load(drawn: DrawnLoad, onClaimed: () => void): Promise<Brought> {
    const load = await this.#claim(drawn.load_type);
    onClaimed();
    const read = await this.#read(load, drawn);
    this.#finish(load, drawn.is_abandoned ? 'abandoned' : 'completed');
    return {
      load_type: load.load_type,
      versions: read.versions,
      // Zero for a full load, which skips no rows.
      without_cursor: read.without_cursor,
      synced: this.#checkpoint?.last_sync_timestamp ?? '',
      window_basis: load.window_basis,
      window_fallback: load.window_fallback ?? read.window_fallback,
    };
  }

  async close(): Promise<void> {
    // Nothing to close: Bronze closes each session after its statement.
  }

  /** Does what `claim-load.ts` does, without competitors. */
  async #claim(load_type: DrawnLoad['load_type']): Promise<PendingLoad> {
    const before = this.#checkpoint;
    const isFull = effectiveLoadType(before, load_type, true) === 'full';
    const since = isFull ? undefined : before?.last_sync_timestamp;
    const claim = { since, exact_position: before?.exact_position, deadline: DEADLINE };
    const watermark = await this.#source.readHighWatermark(this.#entity, claim);
    this.#loads += 1;
    const load_id = `00000000-0000-8000-8000-${String(this.#loads).padStart(12, '0')}`;
    const request = { entity: 'things', load_id, load_type };
    const started = startLoad(before, { request, waiting: [], hasCursor: true, watermark, now: NOW });
    this.#checkpoint = asStored(started.checkpoint);
    return this.#checkpoint.pending_load ?? started.load;
  }

  /** Does what `slice-boundary.ts` does: a slice ends with the batch that fills it; the next is a new statement. */
  async #read(load: PendingLoad, drawn: DrawnLoad) {
    const versions: number[] = [];
    let position: Position | undefined;
    let crashes = drawn.crashes;
    let without_cursor = 0;
    let window_fallback: WindowFallback | undefined;
    for (;;) {
      const reader = await this.#source.openSlice(this.#entity, load, startAt(position));
      const slice = await this.#slice(reader);
      await sleep(drawn.slice_pause_ms);
      if (crashes > 0) {
        crashes -= 1;
        continue;
      }
      versions.push(...slice.versions);
      without_cursor += reader.left_out?.without_cursor ?? 0;
      window_fallback ??= reader.window_fallback;
      if (slice.final) return { versions, without_cursor, window_fallback };
      if (JSON.stringify(slice.position) === JSON.stringify(position)) throw new Error('a slice made no progress');
      position = slice.position;
    }
  }

  async #slice(reader: SliceReader) {
    const versions: number[] = [];
    let position: Position | undefined;
    for await (const batch of reader.batches) {
      versions.push(...versionsOf(batch));
      position = batch.position;
      if (reader.is_resumable && versions.length >= this.#entity.slice_rows)
        return { versions, position, final: false };
    }
    return { versions, position, final: true };
  }

  #finish(load: PendingLoad, status: 'completed' | 'abandoned'): void {
    const { load_id, until } = load;
    const finished = finishLoad(this.#checkpoint, { load_id, status, until, rows_in_bronze: 0 }, NOW);
    if (!finished) throw new Error('the load was not pending');
    this.#checkpoint = asStored((this.#tampering.finished ?? ((same) => same))(finished, load));
  }
}

/** The checkpoint after a round trip through JSON and its schema, as in a store. */
function asStored(checkpoint: Checkpoint): Checkpoint {
  return z.parse(checkpointSchema, JSON.parse(JSON.stringify(checkpoint)));
}

export function startAt(position: Position | undefined) {
  return { position, knownColumns: async () => [], deadline: DEADLINE };
}

function versionsOf({ ndjson }: RawBatch): number[] {
  const lines = Buffer.from(ndjson).toString().split('\n').slice(0, -1);
  return lines.map((line) => Number((JSON.parse(line) as Record<string, string>)['version']));
}
