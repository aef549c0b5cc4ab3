import { closeSync, openSync } from 'node:fs';
import { machineError } from '../../words/failure.ts';

/** Does something with an SQLite file. Its errors do not say which file: what the machine refused names `path` here. */
export function onDisk<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (thrown) {
    const refused = machineError(thrown, path);
    throw refused?.code === 'FOLDER_UNUSABLE' ? (whyUnusable(path) ?? refused) : (refused ?? thrown);
  }
}

const SQLITE_BUSY = 5;

/** Whether SQLite refused because another connection has a lock. */
export function isBusy(thrown: unknown): boolean {
  return Reflect.get(Object(thrown), 'errcode') === SQLITE_BUSY;
}

/** SQLite says the same of a missing permission and of too many open files. The system tells them apart. */
function whyUnusable(path: string): unknown {
  try {
    closeSync(openSync(path, 'a'));
    return undefined;
  } catch (thrown) {
    return machineError(thrown, path);
  }
}
