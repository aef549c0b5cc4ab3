import type { Checkpoint } from './checkpoint.ts';

/** Checkpoints by entity, changed one at a time by compare-and-swap. */
export interface CheckpointStore {
  /** An entry that can't be read is undefined, so that one entity's mistake does not stop the others. */
  readAll(): Promise<ReadonlyMap<string, Checkpoint | undefined>>;
  read(entity: string): Promise<VersionedCheckpoint>;
  /** An entry as it is stored, also one that can't be read; undefined if there is none. For commands that repair it. */
  readStored(entity: string): Promise<StoredCheckpoint>;
  /** False if the entity's checkpoint is no longer the one that was read with `version`. */
  swap(entity: string, version: string, next: Checkpoint): Promise<boolean>;
}

export interface VersionedCheckpoint {
  readonly checkpoint: Checkpoint | undefined;
  readonly version: string;
}

export interface StoredCheckpoint {
  readonly stored: unknown;
  readonly version: string;
}
