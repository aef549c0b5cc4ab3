import { BronzeError } from '../words/failure.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { Checkpoint } from './checkpoint.ts';
import { CheckpointFile } from './checkpoint-file.ts';
import { pointerTo, readCheckpointsObject } from './checkpoint-place.ts';
import type { CheckpointStore, StoredCheckpoint, VersionedCheckpoint } from './checkpoint-store.ts';
import { CHECKPOINTS_KEY } from './object-keys.ts';

export interface Places {
  readonly openTable: (name: string) => CheckpointStore;
  /** The table of a pipeline that has no checkpoints yet. Default: none, they will be in `checkpoints.json`. */
  readonly new_table?: string | undefined;
}

interface Opened {
  readonly store: CheckpointStore;
  readonly is_table: boolean;
  /** The table that `checkpoints.json` has to name before the first swap. */
  readonly unnamed?: string;
}

/**
 * The checkpoints wherever they are: `checkpoints.json` holds them, or names the table that does (decision 49). It looks
 * once, and again when the checkpoints have moved or the table has no item of an entity.
 */
export class PlacedCheckpoints implements CheckpointStore {
  readonly #objects: ObjectStore;
  readonly #places: Places;
  #opened: Opened | undefined;

  constructor(objects: ObjectStore, places: Places) {
    this.#objects = objects;
    this.#places = places;
  }

  readAll(): Promise<ReadonlyMap<string, Checkpoint | undefined>> {
    return this.#ask(({ store }) => store.readAll());
  }

  async read(entity: string): Promise<VersionedCheckpoint> {
    const found = await this.#ask(({ store }) => store.read(entity));
    return found.checkpoint === undefined ? this.#confirm(found, (store) => store.read(entity)) : found;
  }

  async readStored(entity: string): Promise<StoredCheckpoint> {
    const found = await this.#ask(({ store }) => store.readStored(entity));
    return found.stored === undefined ? this.#confirm(found, (store) => store.readStored(entity)) : found;
  }

  async swap(entity: string, version: string, next: Checkpoint): Promise<boolean> {
    const { unnamed } = await this.#open();
    if (unnamed !== undefined) {
      await this.#objects.putIfAbsent(CHECKPOINTS_KEY, pointerTo(unnamed));
      this.#opened = undefined;
    }
    return this.#ask(({ store }) => store.swap(entity, version, next));
  }

  /** A table that has no item of an entity does not say whether the checkpoints are still there. */
  async #confirm<Answer>(found: Answer, read: (store: CheckpointStore) => Promise<Answer>): Promise<Answer> {
    if (!this.#opened?.is_table) return found;
    this.#opened = undefined;
    return this.#ask(({ store }) => read(store));
  }

  async #ask<Answer>(question: (opened: Opened) => Promise<Answer>): Promise<Answer> {
    try {
      return await question(await this.#open());
    } catch (thrown) {
      if (!(thrown instanceof BronzeError) || thrown.code !== 'CHECKPOINTS_ELSEWHERE') throw thrown;
      this.#opened = undefined;
      return question(await this.#open());
    }
  }

  async #open(): Promise<Opened> {
    this.#opened ??= await this.#find();
    return this.#opened;
  }

  async #find(): Promise<Opened> {
    const { table, etag } = await readCheckpointsObject(this.#objects);
    const { openTable, new_table } = this.#places;
    if (table !== undefined) return { store: openTable(table), is_table: true };
    if (etag !== undefined || new_table === undefined) {
      return { store: new CheckpointFile(this.#objects), is_table: false };
    }
    return { store: openTable(new_table), is_table: true, unnamed: new_table };
  }
}
