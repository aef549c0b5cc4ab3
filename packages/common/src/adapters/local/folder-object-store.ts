import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { link, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { ObjectStore, StoredObject } from '../../ports/object-store.ts';
import { machineError } from '../../words/failure.ts';
import { etagOf } from './etag.ts';
import { isLeftBehind, OF_THIS_PROCESS } from './left-behind.ts';
import { onDisk } from './on-disk.ts';
import { createPrivately, PRIVATE_FILE, PRIVATE_FOLDER } from './private-files.ts';
import { sortedByBytes } from '../../ports/list-pages.ts';

/** Folder of Bronze's own files, next to the objects: half-written ones, the lock, the queues. */
export const STATE_FOLDER = '.bronze';

/** No put takes this long, so an older file was left by a process that was killed, wherever that ran. */
const LEFTOVER_AGE_MS = 24 * 60 * 60 * 1000;

/**
 * An object store in a folder, one file per object, safe between processes and against `kill -9` at any time.
 *
 * Put-if-absent is `link(2)`: all or nothing, and it fails if the name exists. Compare-and-swap compares and renames
 * under an SQLite write lock, which the operating system releases when the process ends (decision 2).
 */
export class FolderObjectStore implements ObjectStore {
  readonly #root: string;
  readonly #scratch: string;
  readonly #lock: DatabaseSync;

  private constructor(root: string, scratch: string) {
    this.#root = root;
    this.#scratch = scratch;
    const lock = join(root, STATE_FOLDER, 'lock.sqlite');
    this.#lock = onDisk(lock, () => {
      createPrivately(lock);
      return new DatabaseSync(lock, { timeout: 30_000 });
    });
  }

  static async open(folder: string): Promise<FolderObjectStore> {
    const root = resolve(folder);
    const scratch = join(root, STATE_FOLDER, 'writing');
    await mkdir(scratch, PRIVATE_FOLDER);
    for (const name of await readdir(scratch)) await removeLeftover(name, join(scratch, name));
    return new FolderObjectStore(root, scratch);
  }

  async get(key: string): Promise<StoredObject | undefined> {
    const body = await unlessMissing(readFile(this.#path(key)));
    return body && { body, etag: etagOf(body) };
  }

  async putIfAbsent(key: string, body: Uint8Array): Promise<'created' | 'exists'> {
    const path = this.#path(key);
    const half = this.#newHalf();
    await mkdir(dirname(path), PRIVATE_FOLDER);
    try {
      await writeFile(half, body, PRIVATE_FILE);
      await link(half, path);
      return 'created';
    } catch (thrown) {
      if (errorCode(thrown) === 'EEXIST') return 'exists';
      throw machineError(thrown, path) ?? thrown;
    } finally {
      await rm(half, { force: true });
    }
  }

  async replace(key: string, body: Uint8Array, etag: string | undefined): Promise<boolean> {
    const path = this.#path(key);
    const half = this.#newHalf();
    this.#lock.exec('BEGIN IMMEDIATE');
    try {
      if (currentEtag(path) !== etag) return false;
      mkdirSync(dirname(path), PRIVATE_FOLDER);
      writeFileSync(half, body, PRIVATE_FILE);
      renameSync(half, path);
      return true;
    } catch (thrown) {
      rmSync(half, { force: true });
      throw machineError(thrown, path) ?? thrown;
    } finally {
      this.#lock.exec('ROLLBACK');
    }
  }

  async list(prefix: string): Promise<readonly string[]> {
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    const entries = await unlessMissing(readdir(join(this.#root, folder), { recursive: true, withFileTypes: true }));
    const keys = (entries ?? [])
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.#root.length + 1));
    return sortedByBytes(keys.filter((key) => key.startsWith(prefix) && !key.startsWith(STATE_FOLDER)));
  }

  async size(key: string): Promise<number | undefined> {
    return (await unlessMissing(stat(this.#path(key))))?.size;
  }

  async remove(key: string): Promise<void> {
    await rm(this.#path(key), { force: true });
  }

  /** Where to write an object before it gets its name: a file that the next process removes if this one is killed. */
  #newHalf(): string {
    return join(this.#scratch, `${OF_THIS_PROCESS}${randomUUID()}`);
  }

  close(): void {
    this.#lock.close();
  }

  /** Keys are built by one module from checked parts; this check is a second line of defence. */
  #path(key: string): string {
    if (key.split('/').some((part) => part === '' || part === '.' || part === '..' || part === STATE_FOLDER)) {
      throw new RangeError(`not an object key: ${key.slice(0, 200)}`);
    }
    return join(this.#root, key);
  }
}

function currentEtag(path: string): string | undefined {
  try {
    return etagOf(readFileSync(path));
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

async function removeLeftover(name: string, path: string): Promise<void> {
  if ((await isLeftBehind(name, path)) || (await isOld(path))) await rm(path, { force: true });
}

async function isOld(path: string): Promise<boolean> {
  const found = await unlessMissing(stat(path));
  return found !== undefined && Date.now() - found.mtimeMs > LEFTOVER_AGE_MS;
}

async function unlessMissing<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

function errorCode(thrown: unknown): unknown {
  return thrown instanceof Error ? Reflect.get(thrown, 'code') : undefined;
}
