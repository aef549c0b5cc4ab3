import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { link, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { ObjectStore } from '../../ports/object-store.ts';
import { machineError } from '../../words/failure.ts';
import { etagOf } from './etag.ts';
import { errorCode, FolderObjectReader, STATE_FOLDER, unlessMissing } from './folder-object-reader.ts';
import { isLeftBehind, OF_THIS_PROCESS } from './left-behind.ts';
import { onDisk } from './on-disk.ts';
import { createPrivately, PRIVATE_FILE, PRIVATE_FOLDER } from './private-files.ts';

/** No put takes this long, so an older file was left by a process that was killed, wherever that ran. */
const LEFTOVER_AGE_MS = 24 * 60 * 60 * 1000;

/**
 * An object store in a folder, one file per object, safe between processes and against `kill -9` at any time.
 *
 * Put-if-absent is `link(2)`: all or nothing, and it fails if the name exists. Compare-and-swap compares and renames
 * under an SQLite write lock, which the operating system releases when the process ends (decision 2).
 */
export class FolderObjectStore extends FolderObjectReader implements ObjectStore {
  readonly #scratch: string;
  readonly #lock: DatabaseSync;

  private constructor(root: string, scratch: string) {
    super(root);
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

  async putIfAbsent(key: string, body: Uint8Array): Promise<'created' | 'exists'> {
    const path = this.pathOf(key);
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
    const path = this.pathOf(key);
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

  async remove(key: string): Promise<void> {
    await rm(this.pathOf(key), { force: true });
  }

  /** Where to write an object before it gets its name: a file that the next process removes if this one is killed. */
  #newHalf(): string {
    return join(this.#scratch, `${OF_THIS_PROCESS}${randomUUID()}`);
  }

  close(): void {
    this.#lock.close();
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
