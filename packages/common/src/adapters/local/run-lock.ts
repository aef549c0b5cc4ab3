import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { machineError } from '../../words/failure.ts';
import { isBusy, onDisk } from './on-disk.ts';
import { createPrivately, PRIVATE_FOLDER } from './private-files.ts';

/** A file this old is no longer between its creation and its lock. */
const LEFTOVER_AGE_MS = 60 * 60 * 1000;
const RUN_ID = /^[0-9a-f-]{36}$/;

/**
 * A lock on a file of its own that a run holds as long as it lives. The operating system releases it together with the
 * process (decision 2). A process id would not do: it is given again, and says nothing in another container.
 */
export class RunLock {
  /** Owns the run's messages in the queues. */
  readonly run_id: string;
  readonly #folder: string;
  readonly #lock: DatabaseSync;

  private constructor(folder: string, run_id: string) {
    this.#folder = folder;
    this.run_id = run_id;
    const path = join(folder, run_id);
    this.#lock = onDisk(path, () => {
      createPrivately(path);
      return locked(path);
    });
  }

  /** @param folder where the locks of all runs are; it is created, and what killed runs left there is removed */
  static take(folder: string): RunLock {
    onDisk(folder, () => mkdirSync(folder, PRIVATE_FOLDER));
    const lock = new RunLock(folder, randomUUID());
    for (const name of readdirSync(folder)) if (isOld(join(folder, name))) lock.isOver(name);
    return lock;
  }

  /** Whether the run of that id has ended, well or not. Ids of another form are of no run that lives. */
  isOver(run_id: string): boolean {
    if (run_id === this.run_id) return false;
    const path = join(this.#folder, run_id);
    if (!RUN_ID.test(run_id) || !existsSync(path)) return true;
    try {
      onDisk(path, () => locked(path)).close();
    } catch (thrown) {
      if (isBusy(thrown)) return false;
      throw thrown;
    }
    rmSync(path, { force: true });
    return true;
  }

  release(): void {
    this.#lock.close();
    rmSync(join(this.#folder, this.run_id), { force: true });
  }
}

/** As {@link RunLock.isOver}, for commands that only read: nothing is changed, and a file of that name is left. */
export function isRunning(folder: string, run_id: string): boolean {
  const path = join(folder, run_id);
  try {
    // Unlike existsSync, it throws where nobody may look.
    return RUN_ID.test(run_id) && statSync(path, { throwIfNoEntry: false }) !== undefined && isLocked(path);
  } catch (thrown) {
    throw machineError(thrown, path) ?? thrown;
  }
}

function isLocked(path: string): boolean {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 0 });
  try {
    database.prepare('SELECT 1 FROM sqlite_master').all();
    return false;
  } catch (thrown) {
    if (isBusy(thrown)) return true;
    throw thrown;
  } finally {
    database.close();
  }
}

function locked(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // Nothing is written, so there is nothing to keep in a journal file.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return database;
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}

function isOld(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && Date.now() - found.mtimeMs > LEFTOVER_AGE_MS;
}
