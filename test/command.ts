import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** The command's main file. */
export const BRONZE = fileURLToPath(new URL('../apps/cli/src/bronze.ts', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the real `bronze` command in its own process, without colours, and waits for its end. */
export function bronze(given: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
  return ended(start(process.execPath, [BRONZE, ...given], environment));
}

/** Starts a process in the repository's root, without colours. */
export function start(
  command: string,
  given: readonly string[],
  environment: Record<string, string> = {},
): ChildProcess {
  return spawn(command, [...given], { cwd: ROOT, env: { ...process.env, NO_COLOR: '1', ...environment } });
}

/** Waits for a process to end. It must have just been started, so that none of its output is missed. */
export function ended(child: ChildProcess): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}
