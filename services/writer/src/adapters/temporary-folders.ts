import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isLeftBehind, OF_THIS_PROCESS } from '@bronze/common/adapters/local/left-behind';

const OURS = 'bronze-duckdb-';

/** A new folder whose name says which process it belongs to. */
export async function makeTemporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), `${OURS}${OF_THIS_PROCESS}`));
}

/** Removes the folders of processes that were killed before they could. What can't be removed stays. */
export async function sweepTemporaryFolders(): Promise<void> {
  const parent = tmpdir();
  const names = await readdir(parent).catch(() => []);
  for (const name of names) {
    const folder = join(parent, name);
    const isLeft = name.startsWith(OURS) && (await isLeftBehind(name.slice(OURS.length), folder));
    if (isLeft) await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}
