/** What the command that is proposed has to be given besides its words, as the command that proposes it was. */
export interface GivenOptions {
  readonly config?: string | undefined;
  readonly out?: string | undefined;
}

/** A whole command, as a shell takes it in the root of the clone: `npx --no -- bronze run orders --out 'my data'`. */
export function commandLine(words: readonly string[], { config, out }: GivenOptions): string {
  const options = [
    ['--config', config],
    ['--out', out],
  ] as const;
  const given = options.flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
  return ['npx --no -- bronze', ...[...words, ...given].map(quoted)].join(' ');
}

/** As a shell takes it. */
function quoted(word: string): string {
  return /^[\w./@:+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
