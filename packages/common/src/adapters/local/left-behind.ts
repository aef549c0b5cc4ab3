import { hash } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { hostname } from 'node:os';

/** Process ids mean something only within one machine or container, and several may share a folder. */
const MACHINE = hash('sha256', `${hostname()} ${processNamespace()}`, 'hex').slice(0, 8);

/** Milliseconds by which the file system's clock may stand behind the one that says when this process started. */
const CLOCK_SLACK_MS = 5000;

/** Begins the name of a file or folder that must not outlive this process: `1f0c9a3e-4711-`. */
export const OF_THIS_PROCESS = `${MACHINE}-${process.pid}-`;

/**
 * Whether a process of this machine left it behind that was killed before it could remove it.
 *
 * @param name begins with what was {@link OF_THIS_PROCESS} for its process; a name of another machine, or of somebody
 *   else, is never left behind
 * @param path of the file or folder itself
 */
export async function isLeftBehind(name: string, path: string): Promise<boolean> {
  const [, machine, pid] = /^([0-9a-f]{8})-(\d+)-/.exec(name) ?? [];
  if (machine !== MACHINE || !(Number(pid) > 0)) return false;
  return Number(pid) === process.pid ? isOlderThanThisProcess(path) : !isAlive(Number(pid));
}

/** After a restart, as of a container, another process had our id. */
async function isOlderThanThisProcess(path: string): Promise<boolean> {
  const made = await stat(path).catch(() => undefined);
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
