import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { sortedByBytes } from '../../ports/list-pages.ts';
import type { ObjectReader, StoredObject } from '../../ports/object-store.ts';
import { etagOf } from './etag.ts';

/** Folder of Bronze's own files, next to the objects: half-written ones, the lock, the queues. */
export const STATE_FOLDER = '.bronze';

/** Reads the objects of a folder: see `FolderObjectStore`. It creates and changes nothing, so the folder may be read-only. */
export class FolderObjectReader implements ObjectReader {
  protected readonly root: string;

  constructor(folder: string) {
    this.root = resolve(folder);
  }

  async get(key: string): Promise<StoredObject | undefined> {
    const body = await unlessMissing(readFile(this.pathOf(key)));
    return body && { body, etag: etagOf(body) };
  }

  async list(prefix: string): Promise<readonly string[]> {
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    const entries = await unlessMissing(readdir(join(this.root, folder), { recursive: true, withFileTypes: true }));
    const keys = (entries ?? [])
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.root.length + 1));
    return sortedByBytes(keys.filter((key) => key.startsWith(prefix) && !key.startsWith(STATE_FOLDER)));
  }

  async size(key: string): Promise<number | undefined> {
    return (await unlessMissing(stat(this.pathOf(key))))?.size;
  }

  /** Keys are built by one module from checked parts; this check is a second line of defence. */
  protected pathOf(key: string): string {
    if (key.split('/').some((part) => part === '' || part === '.' || part === '..' || part === STATE_FOLDER)) {
      throw new RangeError(`not an object key: ${key.slice(0, 200)}`);
    }
    return join(this.root, key);
  }
}

export async function unlessMissing<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

export function errorCode(thrown: unknown): unknown {
  return thrown instanceof Error ? Reflect.get(thrown, 'code') : undefined;
}
