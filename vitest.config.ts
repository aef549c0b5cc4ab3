import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig, type TestProjectConfiguration } from 'vitest/config';

// The processes that tests start compile the same files over and over: half of what starting the command costs.
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('node_modules/.cache/node', import.meta.url));

const EXCLUDED = ['**/node_modules/**', '.stryker-tmp/**'];
/** Tests that use disks, sockets or servers wait for half of their time. */
const WORKERS = Math.ceil(availableParallelism() * 1.5);
/** Tests that use disks, sockets or native modules, which take seconds where the others take milliseconds. */
const TOUCHES_THE_WORLD = [
  '**/adapters/**/*.test.ts',
  'packages/{constructs,emulators}/**/*.test.ts',
  'apps/**/*.test.ts',
];
const NEEDS_POSTGRES = '**/*.pg.test.ts';

/** A project whose tests need no PostgreSQL server. */
function project(name: string, include: string[], exclude: string[] = []) {
  return {
    test: {
      name,
      include,
      exclude: [...EXCLUDED, NEEDS_POSTGRES, ...exclude],
      // Long enough that only a test that hangs meets it: the machine may be busy with something else.
      testTimeout: 300_000,
      hookTimeout: 300_000,
      maxWorkers: WORKERS,
    },
  };
}

function withoutIsolation({ test }: ReturnType<typeof project>): TestProjectConfiguration {
  return { test: { ...test, isolate: false } };
}

/** `npm test` runs all projects. CONTRIBUTING.md says which to run when. */
export default defineConfig({
  test: {
    reporters: ['default', './test/count-reporter.ts'],
    projects: [
      // Pure files share nothing, so their tests need no process of their own: half the time.
      withoutIsolation(project('unit', ['{packages,apps,services}/**/*.test.ts'], TOUCHES_THE_WORLD)),
      project(
        'integration',
        [...TOUCHES_THE_WORLD, 'infra/**/*.test.ts', 'demo/**/*.test.ts', 'examples/**/*.test.ts', 'test/**/*.test.ts'],
        ['test/{simulation,acceptance}/**'],
      ),
      project('simulation', ['test/simulation/**/*.test.ts']),
      project('acceptance', ['test/acceptance/**/*.test.ts']),
      {
        test: {
          name: 'pg',
          include: [NEEDS_POSTGRES],
          exclude: EXCLUDED,
          globalSetup: ['test/postgres-setup.ts'],
          maxWorkers: WORKERS,
          sequence: { groupOrder: 1 },
          testTimeout: 300_000,
          hookTimeout: 900_000,
        },
      },
    ],
  },
});
