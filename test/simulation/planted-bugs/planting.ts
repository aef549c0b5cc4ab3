import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import type { PlantedBug } from './planted-bug.ts';
import { PLANTED_BUGS } from './planted-bugs.ts';

/**
 * Plants a bug: edits the source of the shipping modules that this thread loads from now on. Loading such a module
 * throws a RangeError unless it contains the text to replace exactly once.
 *
 * @throws RangeError when there is no planted bug of this name
 */
export function plant(name: string): void {
  const mutant = PLANTED_BUGS.find((one) => one.name === name);
  if (!mutant) throw new RangeError(`there is no planted bug named ${name}`);
  // A bug may leave a promise unawaited. In the shipping code its rejection would end the process.
  process.on('unhandledRejection', () => undefined);
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const edits = mutant.edits.filter(({ file }) => url.endsWith(`/${file}`));
      if (edits.length === 0) return loaded;
      const source = Buffer.from(loaded.source as Uint8Array).toString();
      return { ...loaded, source: edited(mutant, source, edits) };
    },
  });
}

/** @returns why the bug can't be planted; undefined when each file contains the text to replace exactly once */
export function whyNotPlanted(mutant: PlantedBug): string | undefined {
  try {
    for (const file of new Set(mutant.edits.map((edit) => edit.file))) {
      const source = readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');
      const edits = mutant.edits.filter((edit) => edit.file === file);
      edited(mutant, source, edits);
    }
    return undefined;
  } catch (thrown) {
    return String(thrown);
  }
}

function edited({ name }: PlantedBug, source: string, edits: PlantedBug['edits']): string {
  return edits.reduce((text, { file, find, put }) => {
    if (text.split(find).length !== 2)
      throw new RangeError(`${name}: ${file} does not contain this exactly once: ${find}`);
    return text.replace(find, () => put);
  }, source);
}
