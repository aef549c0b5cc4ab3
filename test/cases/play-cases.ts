import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BronzeError } from '@bronze/common/words/failure';
import { describe, expect, test } from 'vitest';
import { PENDING } from './pending.ts';
import { playScenario, reasonToSkip } from './play-scenario.ts';
import type { Scenarios } from './scenario.ts';

/** Makes a test of each scenario of the cases whose folder's name begins so. */
export async function playCases(prefix: string, options: { readonly concurrent?: boolean } = {}): Promise<void> {
  const entries = await readdir(import.meta.dirname, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory() && entry.name.startsWith(prefix)).map(({ name }) => name);
  for (const name of names.toSorted()) {
    const folder = join(import.meta.dirname, name);
    const { scenarios } = (await import(join(folder, 'expected.ts'))) as { scenarios: Scenarios };
    describe(`case ${name}`, options, () => {
      for (const [expects, scenario] of Object.entries(scenarios)) {
        const pending = Object.keys(PENDING).find((key) => `${name}: ${expects}`.startsWith(key));
        test(`${pending === undefined ? '' : 'not yet: '}${expects}`, async ({ skip }) => {
          const reason = await reasonToSkip(scenario);
          skip(reason !== undefined, reason);
          const played = playScenario(folder, scenario);
          await (pending === undefined ? played : expectToFail(played, pending));
        });
      }
    });
  }
}

/** Only what the pipeline shows or refuses counts: a mistake in the case must not pass for what is not built yet. */
async function expectToFail(played: Promise<void>, pending: string): Promise<void> {
  const thrown: unknown = await played.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  if (thrown === undefined) throw new Error(`it is as expected now: remove "${pending}" from test/cases/pending.ts`);
  const isShown = thrown instanceof BronzeError || (thrown instanceof Error && thrown.name === 'AssertionError');
  expect(isShown, String(thrown)).toBe(true);
}
