import * as z from 'zod/mini';
import { type Checkpoint, checkpointSchema } from './checkpoint.ts';
import { BronzeError } from '../words/failure.ts';
import { decodeValue, encodeJson } from '../words/json.ts';
import type { Timestamp } from '../words/timestamp.ts';
import {
  type CheckpointsObject,
  elsewhere,
  pointerTo,
  readCheckpointsObject,
  tableLeftIn,
  unreadable,
} from './checkpoint-place.ts';
import { CHECKPOINTS_KEY, unreadableCheckpointsKey } from './object-keys.ts';
import type { CheckpointStore, StoredCheckpoint, VersionedCheckpoint } from './checkpoint-store.ts';
import type { ObjectReader, ObjectStore } from '../ports/object-store.ts';

/** Each lost round means that another entity's swap succeeded, so the limit is reached only if something is wrong. */
const SWAP_ROUNDS_MAX = 100;

type File = CheckpointsObject['entries'];

/**
 * All checkpoints in one object, `checkpoints.json`, which people can read and edit.
 * An entity's version is the JSON text of its entry, so a swap of another entity does not change it.
 */
export class CheckpointFile implements CheckpointStore {
  readonly #objects: ObjectStore;

  constructor(objects: ObjectStore) {
    this.#objects = objects;
  }

  async readAll(): Promise<ReadonlyMap<string, Checkpoint | undefined>> {
    return readCheckpoints(this.#objects);
  }

  async read(entity: string): Promise<VersionedCheckpoint> {
    const { stored, version } = await this.readStored(entity);
    return { checkpoint: stored === undefined ? undefined : decodeEntry(entity, stored), version };
  }

  async readStored(entity: string): Promise<StoredCheckpoint> {
    const { file } = await readFile(this.#objects);
    const stored = entryOf(file, entity);
    return { stored, version: versionOf(stored) };
  }

  async swap(entity: string, version: string, next: Checkpoint): Promise<boolean> {
    for (let round = 0; round < SWAP_ROUNDS_MAX; round += 1) {
      const { file, etag } = await readFile(this.#objects);
      if (versionOf(entryOf(file, entity)) !== version) return false;
      const changed = encodeJson({ ...file, [entity]: next });
      if (await this.#objects.replace(CHECKPOINTS_KEY, changed, etag)) return true;
    }
    throw new BronzeError('SWAP_CONTENDED', {
      message: `${CHECKPOINTS_KEY} changed ${SWAP_ROUNDS_MAX} times while ${entity} tried to swap its checkpoint`,
      hint: 'It is retried. If this persists, something rewrites the file in a loop: look for a script.',
    });
  }
}

/** All checkpoints, for commands that only read: see {@link CheckpointStore}. @throws BronzeError CHECKPOINTS_UNREADABLE */
export async function readCheckpoints(objects: ObjectReader): Promise<ReadonlyMap<string, Checkpoint | undefined>> {
  const { file } = await readFile(objects);
  return new Map(Object.entries(file).map(([entity, entry]) => [entity, z.safeParse(checkpointSchema, entry).data]));
}

export interface SetAside {
  /** Under which the file is kept. */
  readonly key: string;
  /** The table that the file named, as the new one does. */
  readonly table: string | undefined;
}

/**
 * Puts a file that is not a JSON object aside. In its place comes one that names the same table; or, if the file held the
 * checkpoints themselves, an empty one, so that entries can be restored. Until they are, no load is claimed.
 *
 * @returns undefined if there is no file, or one that can be read
 * @throws BronzeError SWAP_CONTENDED if somebody else changes the file, CHECKPOINTS_UNREADABLE if it named a table whose
 *   name is not left
 */
export async function setUnreadableAside(objects: ObjectStore, now: Timestamp): Promise<SetAside | undefined> {
  const stored = await objects.get(CHECKPOINTS_KEY);
  if (!stored || (await isReadable(objects))) return undefined;
  const table = tableLeftIn(Buffer.from(stored.body).toString());
  const key = unreadableCheckpointsKey(now);
  await objects.putIfAbsent(key, stored.body);
  const next = table === undefined ? encodeJson({}) : pointerTo(table);
  if (await objects.replace(CHECKPOINTS_KEY, next, stored.etag)) return { key, table };
  throw new BronzeError('SWAP_CONTENDED', {
    message: `${CHECKPOINTS_KEY} changed while it was being replaced`,
    hint: 'Somebody else is mending it. Look at it, and repeat the command if you still want to.',
  });
}

async function isReadable(objects: ObjectReader): Promise<boolean> {
  try {
    await readCheckpointsObject(objects);
    return true;
  } catch (thrown) {
    if (thrown instanceof BronzeError && thrown.code === 'CHECKPOINTS_UNREADABLE') return false;
    throw thrown;
  }
}

async function readFile(objects: ObjectReader): Promise<{ file: File; etag: string | undefined }> {
  const { entries, table, etag } = await readCheckpointsObject(objects);
  if (table !== undefined) throw elsewhere(`${CHECKPOINTS_KEY} says that the checkpoints are in the table ${table}`);
  return { file: entries, etag };
}

function entryOf(file: File, entity: string): unknown {
  return Object.hasOwn(file, entity) ? file[entity] : undefined;
}

function versionOf(entry: unknown): string {
  return JSON.stringify(entry) ?? 'absent';
}

function decodeEntry(entity: string, entry: unknown): Checkpoint {
  return decodeValue(checkpointSchema, entry, unreadable(`${CHECKPOINTS_KEY}: ${entity}`));
}
