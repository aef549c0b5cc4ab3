import type { Checkpoint } from './checkpoint.ts';

/** Compare-and-swap of one entity's checkpoint. */
export interface CheckpointStore {
  /** Undefined for an entry that can't be read: one entity's mistake stops no other. */
  readAll(): Promise<ReadonlyMap<string, Checkpoint | undefined>>;
  read(entity: string): Promise<VersionedCheckpoint>;
  /** False when the entity's checkpoint is no longer the one that `version` was read with. */
  swap(entity: string, version: string, next: Checkpoint): Promise<boolean>;
}

export interface VersionedCheckpoint {
  readonly checkpoint: Checkpoint | undefined;
  readonly version: string;
}
