/** The files of the pure core that `npm run mutate` mutates. The tests of `x.ts` are next to it, in `x.test.ts`. */
export const MUTATED = [
  'packages/common/src/load/checkpoint.ts',
  'packages/common/src/load/finish-load.ts',
  'packages/common/src/words/exact-position.ts',
  'services/planner/src/load-id.ts',
  'packages/common/src/load/load-record.ts',
  'packages/common/src/load/messages.ts',
  'packages/common/src/load/object-keys.ts',
  'packages/common/src/load/receipts.ts',
  'packages/common/src/load/schema-changes.ts',
  'packages/common/src/load/slice-manifest.ts',
  'packages/common/src/words/timestamp.ts',
  'services/extractor/src/postgres/window/bounds.ts',
  'services/extractor/src/postgres/window/exact-window.ts',
  'services/extractor/src/postgres/window/position-mismatch.ts',
  'services/extractor/src/postgres/window/reading-proof.ts',
  'services/extractor/src/postgres/window/storage.ts',
  'services/extractor/src/postgres/window/xid-range.ts',
  'services/extractor/src/rest/pages/page-trail.ts',
  'services/extractor/src/slice-boundary.ts',
  'services/planner/src/plan-event.ts',
  'services/planner/src/plan-run.ts',
  'services/writer/src/parquet/duckdb-types.ts',
  'services/writer/src/parquet/representable.ts',
  'services/writer/src/parquet/provenance.ts',
  'services/writer/src/parquet/staged-lines.ts',
  'services/writer/src/parquet/type-mapping.ts',
];

/** Minimum score, in per cent. Stryker checks it for all files together, then `test/mutation/main.ts` for each file. */
export const SCORE_MIN = 90;

/** Stryker's options: https://stryker-mutator.io/docs/stryker-js/configuration */
export default {
  mutate: MUTATED,
  // pnpm isolates packages, so Stryker can't find its plugins by looking next to itself.
  plugins: ['@stryker-mutator/vitest-runner'],
  testRunner: 'vitest',
  vitest: { configFile: 'vitest.mutate.config.ts', related: true },
  coverageAnalysis: 'perTest',
  concurrency: 2,
  // Vitest strips types, and to rewrite tsconfig.json Stryker would need an API that TypeScript 7 no longer has.
  disableTypeChecks: false,
  tsconfigFile: 'none.json',
  ignorePatterns: ['.bronze', 'bronze-data', 'demo-data', 'sakila-data', 'coverage', 'cdk.out*', 'reports'],
  // Stryker advises ignoring mutants in code that runs when a module loads, but that is where schemas and patterns are.
  warnings: { slow: false },
  tempDirName: '.stryker-tmp',
  cleanTempDir: 'always',
  reporters: ['clear-text', 'html', 'json', 'progress-append-only'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  thresholds: { high: 95, low: SCORE_MIN, break: SCORE_MIN },
};
