import { closeSync, openSync } from 'node:fs';

/** Files hold copies of rows: only the user who runs Bronze may read and write them. Wider modes stay if they exist. */
export const PRIVATE_FILE = { mode: 0o600 } as const;
export const PRIVATE_FOLDER = { mode: 0o700, recursive: true } as const;

/**
 * Creates an empty file for SQLite, which would let everybody read it; its journal files get the same mode. A file that
 * exists is not even opened: closing it would give up the locks that this process holds on it.
 */
export function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, 'ax', PRIVATE_FILE.mode));
  } catch (thrown) {
    if (Reflect.get(Object(thrown), 'code') !== 'EEXIST') throw thrown;
  }
}
