import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import { expectScenario, reasonToSkip } from './play-scenario.ts';
import type { Scenarios } from './scenario.ts';

/** Makes a test of each scenario of the cases whose folder's name begins so. */
export async function playCases(prefix: string, options: { readonly concurrent?: boolean } = {}): Promise<void> {
  const entries = await readdir(import.meta.dirname, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory() && entry.name.startsWith(prefix)).map(({ name }) => name);
  for (const name of names.toSorted()) {
    const folder = join(import.meta.dirname, name);
    const { scenarios } = (await import(join(folder, 'expected.ts'))) as { scenarios: Scenarios };
    describe(`case ${name}`, options, () => {
      test.for(Object.entries(scenarios))('%s', async ([, scenario], { skip }) => {
        const reason = await reasonToSkip(scenario);
        skip(reason !== undefined, reason);
        await expectScenario(folder, scenario);
      });
    });
  }
}
