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
  /** The table that `checkpoints.json` has to name before the first swap. */
  readonly unnamed?: string;
}

/**
 * The checkpoints wherever they are: `checkpoints.json` holds them, or names the table that does (decision 49). It looks
 * once, and again when the checkpoints have moved.
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

  read(entity: string): Promise<VersionedCheckpoint> {
    return this.#ask(({ store }) => store.read(entity));
  }

  readStored(entity: string): Promise<StoredCheckpoint> {
    return this.#ask(({ store }) => store.readStored(entity));
  }

  async swap(entity: string, version: string, next: Checkpoint): Promise<boolean> {
    const { unnamed } = await this.#open();
    if (unnamed !== undefined) {
      await this.#objects.putIfAbsent(CHECKPOINTS_KEY, pointerTo(unnamed));
      this.#opened = undefined;
    }
    return this.#ask(({ store }) => store.swap(entity, version, next));
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
    if (table !== undefined) return { store: openTable(table) };
    if (etag !== undefined || new_table === undefined) return { store: new CheckpointFile(this.#objects) };
    return { store: openTable(new_table), unnamed: new_table };
  }
}
