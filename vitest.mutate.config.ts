import { defineConfig } from 'vitest/config';
import { MUTATED } from './stryker.config.ts';

const root = import.meta.dirname;

/**
 * The unit tests next to the mutated files, for `npm run mutate`.
 *
 * Stryker runs them in a copy of the tree whose node_modules link to the real ones, where `@bronze/common` is not
 * mutated. So the workspace's packages are resolved by path, within the copy.
 */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^@bronze\/common\/(config|reference)$/, replacement: `${root}/packages/common/src/config/$1.ts` },
      { find: /^@bronze\/(common|emulators)\/(.+)$/, replacement: `${root}/packages/$1/src/$2.ts` },
      { find: /^@bronze\/(runner|cli)\/(.+)$/, replacement: `${root}/apps/$1/src/$2.ts` },
      { find: /^@bronze\/(planner|extractor|writer)\/(.+)$/, replacement: `${root}/services/$1/src/$2.ts` },
    ],
  },
  test: {
    include: MUTATED.map((file) => file.replace(/\.ts$/, '{,-format}.test.ts')),
    isolate: false,
    setupFiles: ['test/fixed-seed.ts'],
    testTimeout: 60_000,
  },
});
