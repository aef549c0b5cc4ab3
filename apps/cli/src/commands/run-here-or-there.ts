import { usageError } from '../exit-code.ts';
import { DEFAULT_CONFIG } from '../pipeline-state.ts';
import { chooseTarget, DEFAULT_FOLDER, type TargetOptions } from '../target/target-options.ts';
import { runCommand, type RunOptions } from './run-command.ts';
import { runRemoteCommand } from './run-remote-command.ts';

export interface RunAnywhereOptions extends TargetOptions, Omit<RunOptions, 'out' | 'config'> {
  readonly config?: string;
  readonly remote?: boolean;
  readonly wait?: boolean;
}

/** `bronze run [entity…]`: on this machine, or with `--remote` by the pipeline on AWS. */
export async function runHereOrThere(names: readonly string[], options: RunAnywhereOptions): Promise<number> {
  if (options.remote) {
    return runRemoteCommand(names, options);
  }
  if (options.wait) throw usageError('--wait needs --remote', 'A run on this machine ends when its loads have ended.');
  if (chooseTarget(options, process.env).kind === 'aws') {
    throw usageError('without --remote, the run is on this machine', 'Add --remote, or pass --out for a folder here.');
  }
  const { out = DEFAULT_FOLDER, config = DEFAULT_CONFIG } = options;
  return runCommand(names, { ...options, out, config });
}
