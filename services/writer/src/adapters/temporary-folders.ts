import { hash } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';

/** Process ids mean something only within one machine or container, and several may share a temporary folder. */
const OURS = `bronze-duckdb-${hash('sha256', `${hostname()} ${processNamespace()}`, 'hex').slice(0, 8)}-`;

/** Milliseconds by which the file system's clock may stand behind the one that says when this process started. */
const CLOCK_SLACK_MS = 5000;

/** A new folder whose name says which process it belongs to. */
export async function makeTemporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), `${OURS}${process.pid}-`));
}

/** Removes the folders of processes that were killed before they could. What can't be removed stays. */
export async function sweepTemporaryFolders(): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  for (const name of names) {
    const folder = join(tmpdir(), name);
    if (await isLeft(name, folder)) await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}

async function isLeft(name: string, folder: string): Promise<boolean> {
  if (!name.startsWith(OURS)) return false;
  const pid = Number(/^(\d+)-/.exec(name.slice(OURS.length))?.[1]);
  if (!(pid > 0)) return false;
  return pid === process.pid ? isOlderThanThisProcess(folder) : !isAlive(pid);
}

/** After a restart, as of a container, another process had our id. */
async function isOlderThanThisProcess(folder: string): Promise<boolean> {
  const made = await stat(folder).catch(() => undefined);
  return made !== undefined && made.mtimeMs < Date.now() - process.uptime() * 1000 - CLOCK_SLACK_MS;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    // A process of another user can't be signalled, but it is alive.
    return Reflect.get(Object(thrown), 'code') !== 'ESRCH';
  }
}

/** Linux only; elsewhere there are no namespaces of processes. */
function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}
