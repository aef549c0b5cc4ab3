import type { TargetOptions } from '../target/target-options.ts';

/** What the command that is proposed has to be given besides its words, as the command that proposes it was. */
export interface GivenOptions extends TargetOptions {
  readonly config?: string | undefined;
}

const OPTIONS = ['config', 'out', 'stack', 'bucket', 'profile', 'region', 'endpoint'] as const;

/** A whole command, as a shell takes it in the root of the clone: `npx --no -- bronze run orders --out 'my data'`. */
export function commandLine(words: readonly string[], options: GivenOptions): string {
  const given = OPTIONS.flatMap((name) => {
    const value = options[name];
    return value === undefined ? [] : [`--${name}`, value];
  });
  return ['npx --no -- bronze', ...[...words, ...given].map(quoted)].join(' ');
}

/** As a shell takes it. */
function quoted(word: string): string {
  return /^[\w./@:+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
