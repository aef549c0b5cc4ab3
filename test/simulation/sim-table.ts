import type { Cut, PendingLoad } from '@bronze/common/checkpoint';
import type { Entity } from '@bronze/common/config';
import type { RawBatch, SliceReader, SliceStart, Source } from '@bronze/common/ports';
import type { Position } from '@bronze/common/slice-manifest';
import type { Random } from './random.ts';
import type { Asks, CurrentLine, SimSource, SourceOptions } from './sim-source.ts';
import { sourceFailure } from './sim-source.ts';
import { timestampOf, type VirtualClock } from './virtual-clock.ts';

interface Row {
  readonly id: number;
  /** Null: without a cursor value. */
  readonly updated_at: string | null;
  readonly line: string;
}

const HELD_BACK_US_MAX = 5_000_000;
const COLUMNS = ['day', 'fits', 'id', 'updated_at', 'version'].map((name) => ({ name, type: 'text' }));

/** A table in a database whose changes commit at once: below its clock nothing can appear any more. */
export class SimTable implements SimSource {
  readonly #rows = new Map<number, Row>();
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #isTroubled: () => boolean;
  #ids = 0;
  #versions = 0;

  constructor({ clock, random, rows, isTroubled }: SourceOptions) {
    this.#clock = clock;
    this.#random = random;
    this.#isTroubled = isTroubled;
    if (rows > 0) this.#writeTogether(Array.from({ length: rows }, () => (this.#ids += 1)));
  }

  current(): CurrentLine[] {
    return [...this.#rows.values()].map(({ line, updated_at }) => ({ line, cursor: updated_at }));
  }

  /** Rows come, change, tie and go. */
  change(): void {
    const ids = [...this.#rows.keys()];
    const some = (share: number) => ids.filter(() => this.#random.chance(share));
    const kind = this.#random.between(0, 3);
    if (kind === 0) this.#writeTogether([(this.#ids += 1), ...some(0.1)]);
    if (kind === 1) this.#writeTogether(some(0.5));
    if (kind === 2) for (const id of some(0.2)) this.#writeTogether([id]);
    if (kind === 3) for (const id of some(0.1)) this.#rows.delete(id);
  }

  open(asks: Asks): Source {
    const cut = async (): Promise<Cut> => ({ until: this.#cut(), basis: 'oldest_transaction' });
    return {
      system: 'rds',
      cut: (entity) => asks.ask('source.cut', entity.name, cut),
      openSlice: (entity, load, start) =>
        asks.ask('source.open', entity.name, async () => this.#openSlice(asks, { entity, load, start })),
    };
  }

  /** An open transaction may hold it back, also below the cut before. */
  #cut() {
    const isHeldBack = this.#isTroubled() && this.#random.chance(0.3);
    return isHeldBack ? timestampOf(this.#clock.now_us - this.#random.between(0, HELD_BACK_US_MAX)) : this.#now();
  }

  #now() {
    return timestampOf(this.#clock.tick(1));
  }

  /** All with the same cursor value: one statement, one transaction. */
  #writeTogether(ids: readonly number[]): void {
    const now = this.#now();
    for (const id of ids) {
      const updated_at = this.#random.chance(0.03) ? null : now;
      const version = String((this.#versions += 1));
      const day = this.#random.chance(0.1) ? null : `2024-01-0${1 + (id % 3)}`;
      const fits = this.#random.chance(0.05) ? 'no' : 'yes';
      this.#rows.set(id, {
        id,
        updated_at,
        line: JSON.stringify({ day, fits, id: String(id), updated_at, version }),
      });
    }
  }

  #openSlice(asks: Asks, slice: SliceToRead): SliceReader {
    return { columns: COLUMNS, is_resumable: true, batches: this.#batches(asks, slice) };
  }

  /** One statement sees one moment; after a lost connection another statement sees a later one. */
  async *#batches(asks: Asks, { entity, load, start }: SliceToRead): AsyncGenerator<RawBatch> {
    let position = start.position;
    let seen: readonly Row[] | undefined;
    for (;;) {
      const batch = await asks.ask('source.read', entity.name, async () => {
        if (!seen || this.#random.chance(0.1)) seen = this.#select(load, position);
        return seen.slice(0, entity.batch_rows);
      });
      if (batch.length === 0) return;
      seen = seen?.slice(batch.length);
      position = positionOf(load, batch.at(-1));
      yield { ...batchOf(batch), position };
    }
  }

  #select(load: PendingLoad, position: Position | undefined): Row[] {
    const isFull = load.load_type === 'full';
    const after = position && JSON.stringify(position.values);
    return [...this.#rows.values()]
      .filter(({ updated_at }) =>
        updated_at === null ? isFull : updated_at < load.until && (isFull || updated_at >= load.since),
      )
      .map((row) => ({ row, at: keyOf(load, row) }))
      .filter(({ at }) => after === undefined || JSON.stringify(at) > after)
      .toSorted((a, b) => (JSON.stringify(a.at) < JSON.stringify(b.at) ? -1 : 1))
      .map(({ row }) => row);
  }
}

interface SliceToRead {
  readonly entity: Entity;
  readonly load: PendingLoad;
  readonly start: SliceStart;
}

/** Full loads are in the order of the key, incremental ones in that of (cursor, key). */
function keyOf(load: PendingLoad, { id, updated_at }: Row): string[] {
  const key = String(id).padStart(6, '0');
  return load.load_type === 'full' ? [key] : [updated_at ?? '', key];
}

function positionOf(load: PendingLoad, last: Row | undefined): Position {
  if (!last) throw sourceFailure('a batch without rows');
  return { order: load.load_type === 'full' ? '(id)' : '(updated_at, id)', values: keyOf(load, last) };
}

function batchOf(rows: readonly Row[]): Omit<RawBatch, 'position'> {
  const lines = rows.map(({ line }) => `${line}\n`);
  const row_bytes_max = Math.max(...lines.map((line) => line.length));
  return { ndjson: Buffer.from(lines.join('')), rows: rows.length, row_bytes_max, release: () => undefined };
}
