import { afterAll, beforeAll, expect, test } from 'vitest';
import { BronzeLoader } from './bronze-loader.ts';
import { drawSchedule } from './draw-schedule.ts';
import { MISTAKES, seedsThatShow } from './mistakes.ts';
import { POLICIES, RULE } from './sql-loaders.ts';
import { runTrials, seedsFrom, type Trial } from './trials.ts';
import { startWindowsServer, type WindowsServer } from './windows-server.ts';

const servers: WindowsServer[] = [];

beforeAll(async () => {
  for (let lane = 0; lane < 3; lane += 1) servers.push(await startWindowsServer());
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
});

const failuresOf = (trials: readonly Trial[]) =>
  trials.flatMap(({ seed, failures }) => failures.map((failure) => `seed ${seed}: ${failure}`));
const isCaught = ({ failures }: Trial) => failures.length > 0;

/** `.ci/run` runs 60 schedules, `.ci/nightly` 2,000. */
test('Bronze loses, repeats and delays nothing in 20 schedules of 8 writers, half with a SELECT-only role', async () => {
  const trials = await runTrials({
    servers,
    seeds: seedsFrom(1, 20),
    openLoader: async (reading) => new BronzeLoader(reading),
    isBronze: true,
  });
  expect(failuresOf(trials)).toEqual([]);
  expect(trials.filter(({ schedule }) => schedule.role === 'select')).toHaveLength(10);
  for (const relation of ['table', 'materialized_view']) {
    const remakes = trials.filter(({ schedule }) => schedule.relation === relation).map((trial) => trial.remakes);
    expect(Math.max(...remakes), relation).toBeGreaterThan(0);
  }
  expect(trials.filter(({ schedule }) => schedule.rows === 10_000).length).toBeGreaterThan(0);
  // The oracle had something to check.
  for (const trial of trials) expect(trial.due, `seed ${trial.seed}`).toBeGreaterThan(0);
});

test('the rule as a few lines of SQL passes too, so the harness requires no more than it guarantees', async () => {
  const trials = await runTrials({ servers, seeds: seedsFrom(101, 10), openLoader: RULE, withRemakes: false });
  expect(failuresOf(trials)).toEqual([]);
});

test.each(Object.entries(POLICIES))(
  'the harness finds losses or duplicates with the policy "%s"',
  async (_, openLoader) => {
    const isEnough = ({ lost, duplicated }: Trial) => lost + duplicated > 0;
    const trials = await runTrials({ servers, seeds: seedsFrom(1, 75), openLoader, isEnough, withRemakes: false });
    expect(trials.some(isEnough)).toBe(true);
  },
);

/** All of them: `npm run windows -- --mistakes`, every night. */
const frequent = MISTAKES.filter(({ isRare }) => !isRare);
test.each(frequent.map((mistake) => [mistake.what, mistake] as const))(
  'the harness catches the mistake "%s"',
  async (_, mistake) => {
    const { openLoader } = mistake;
    const seeds = seedsThatShow(mistake, seedsFrom(1, 600));
    const trials = await runTrials({ servers, seeds, openLoader, isEnough: isCaught });
    expect(trials.some(isCaught)).toBe(true);
  },
);

test('a seed always draws the same schedule, and another seed draws a different one', () => {
  expect(drawSchedule(42)).toEqual(drawSchedule(42));
  expect(drawSchedule(42).writers).not.toEqual(drawSchedule(44).writers);
});
