import type { Checkpoint } from '@bronze/common/load/checkpoint';
import { CheckpointFile } from '@bronze/common/load/checkpoint-file';
import { CheckpointItems, expectationOf } from '@bronze/common/load/checkpoint-items';
import { restoreCheckpoint } from '@bronze/common/load/edit-checkpoint';
import { CHECKPOINTS_KEY, partKey } from '@bronze/common/load/object-keys';
import type { SliceManifest } from '@bronze/common/load/slice-manifest';
import { minusSeconds } from '@bronze/common/words/timestamp';
import type { Poison } from './facts.ts';
import type { World } from './world.ts';

/** Poisons that consist of somebody else changing the bucket. */
const TAMPERINGS: ReadonlySet<Poison> = new Set(['part foreign', 'batch corrupt']);

/** Changes the bucket behind Bronze's back: the checkpoints at the start, or a poisoned entity's first write tasks. */
export class Tampering {
  readonly #world: World;
  readonly #done = new Set<string>();
  /** Checkpoints that were removed and not restored yet, by entity. */
  readonly #lost = new Map<string, Checkpoint>();
  readonly lost = new Set<string>();
  readonly ever_lost = new Set<string>();
  /** Committed slices that `go` has not handled yet. */
  readonly committed: SliceManifest[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  async poisonCheckpoints(): Promise<void> {
    const { options } = this.#world;
    const broken = options.workload.entities.filter(({ poison }) => poison === 'checkpoint unreadable');
    if (broken.length === 0) return;
    const file = Object.fromEntries(broken.map(({ name }) => [name, { last_sync_timestamp: 'yesterday' }]));
    await this.#writeByHand(file);
  }

  /** Whether the entity is to be tampered with and has not been yet. */
  isDue(entity: string, poison: Poison | undefined): boolean {
    return poison !== undefined && TAMPERINGS.has(poison) && !this.#done.has(entity);
  }

  /** Tampers with newly committed slices, before any of their write tasks can run. */
  async go(): Promise<void> {
    for (const slice of this.committed.splice(0)) {
      const { clock, counts, options, trace } = this.#world;
      const { poison } = options.workload.entities.find(({ name }) => name === slice.entity) ?? {};
      if (!poison || !this.isDue(slice.entity, poison) || slice.tasks.length === 0) continue;
      this.#done.add(slice.entity);
      counts.tampered += 1;
      trace.add(`${clock.now_us} tampered: ${poison} of ${slice.entity}`);
      await (poison === 'part foreign' ? this.#putForeign(slice) : this.#corrupt(slice));
    }
  }

  /**
   * Edits the checkpoint of an idle entity by hand: sets it back where a load says that it brings rows again, which windows
   * of time don't; of others it removes the entry.
   */
  async edit(entity: string): Promise<void> {
    const { ledger, options } = this.#world;
    const checkpoint = ledger.checkpoints.get(entity);
    const isPoisoned = options.workload.entities.some(({ name, poison }) => name === entity && poison !== undefined);
    if (checkpoint?.exact_position) await this.#setBack(entity);
    else if (checkpoint?.last_load_id && !isPoisoned) await this.#lose(entity, checkpoint);
  }

  /** What an operator does about `CHECKPOINT_LOST`. */
  async restore(): Promise<void> {
    for (const [entity, before] of this.#lost) {
      const { raw, clock, ledger, facts, options, backing } = this.#world;
      const ids = { next: backing.nextSwap };
      const ports = {
        objects: raw,
        checkpoints: options.table ? new CheckpointItems(options.table, ids) : new CheckpointFile(raw),
        clock: { now: () => clock.now, sleep: async () => undefined },
      };
      const restored = await restoreCheckpoint(ports, entity, false);
      const after = restored.outcome === 'unknown' ? {} : restored.checkpoint;
      this.#lost.delete(entity);
      this.lost.delete(entity);
      ledger.checkpoints.set(entity, after);
      this.#world.check((law) => law.onRestored?.(facts, entity, { before, after }));
    }
  }

  async #lose(entity: string, checkpoint: Checkpoint): Promise<void> {
    const { ledger, counts } = this.#world;
    const isCompleted = [...ledger.loads.values()].some(
      (load) => load.entity === entity && load.record?.status === 'completed',
    );
    if (!isCompleted || checkpoint.pending_load || checkpoint.next_requests) return;
    await this.#removeByHand(entity);
    ledger.checkpoints.delete(entity);
    this.#lost.set(entity, checkpoint);
    this.lost.add(entity);
    this.ever_lost.add(entity);
    counts.checkpoints_lost += 1;
  }

  /** The entity's `last_sync_timestamp` goes back by an hour. */
  async #setBack(entity: string): Promise<void> {
    const { ledger, counts } = this.#world;
    const { last_sync_timestamp, pending_load, ...rest } = ledger.checkpoints.get(entity) ?? {};
    if (last_sync_timestamp === undefined || pending_load || !rest.exact_position) return;
    const edited = { ...rest, last_sync_timestamp: minusSeconds(last_sync_timestamp, 3600) } as Checkpoint;
    await this.#writeByHand({ [entity]: edited });
    ledger.checkpoints.set(entity, edited);
    counts.checkpoints_edited += 1;
  }

  /** In a table, `swap_id` is left alone. */
  async #writeByHand(entries: Readonly<Record<string, object>>): Promise<void> {
    const { raw, options } = this.#world;
    if (!options.table) {
      const stored = await raw.get(CHECKPOINTS_KEY);
      const file = stored ? (JSON.parse(Buffer.from(stored.body).toString()) as object) : {};
      await raw.replace(CHECKPOINTS_KEY, Buffer.from(JSON.stringify({ ...file, ...entries })), stored?.etag);
      return;
    }
    for (const [entity, fields] of Object.entries(entries)) {
      const stored = await options.table.get(entity);
      const own = stored && { swap_id: stored['swap_id'] };
      await options.table.put({ ...fields, ...own, entity }, stored && expectationOf(stored));
    }
  }

  async #removeByHand(entity: string): Promise<void> {
    const { raw, options } = this.#world;
    const item = await options.table?.get(entity);
    if (item) return void (await options.table?.remove(entity, expectationOf(item)));
    const stored = await raw.get(CHECKPOINTS_KEY);
    if (!stored) return;
    const { [entity]: _, ...left } = JSON.parse(Buffer.from(stored.body).toString()) as Record<string, Checkpoint>;
    await raw.replace(CHECKPOINTS_KEY, Buffer.from(JSON.stringify(left)), stored.etag);
  }

  async #corrupt({ batches: [batch] }: SliceManifest): Promise<void> {
    if (!batch) return;
    const { raw } = this.#world;
    const stored = await raw.get(batch.key);
    await raw.replace(batch.key, Buffer.from('{"id":"other"}\n'.repeat(batch.rows)), stored?.etag);
  }

  async #putForeign(slice: SliceManifest): Promise<void> {
    const { raw, ledger } = this.#world;
    const lines = slice.batches.flatMap(({ key }) => ledger.loadOfKey(key)?.batches.get(key) ?? []);
    for (const day of daysOf(lines, slice.event_date_column)) {
      const key = partKey({ ...slice.load, entity: slice.entity }, day, slice.first_part);
      await raw.putIfAbsent(key, Buffer.from('foreign'));
    }
  }
}

function daysOf(lines: readonly string[], column: string | null): ReadonlySet<string | null> {
  if (column === null) return new Set([null]);
  const rows = lines.map((line) => JSON.parse(line) as Record<string, string>);
  return new Set(rows.flatMap((row) => row[column]?.slice(0, 10) ?? []));
}
