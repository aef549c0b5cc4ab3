/** `npm run windows`: loads a table of a real PostgreSQL server while writers change it, and compares. */
import { parseArgs } from 'node:util';
import { count } from '@bronze/cli/terminal/numbers';
import { print, printJson, printTable, right, say } from '@bronze/cli/terminal/output';
import { type WindowFallback, windowFallbackSchema } from '@bronze/common/words/exact-position';
import { BronzeLoader } from './bronze-loader.ts';
import { REMADE } from './check.ts';
import { measureCost, RATIO_MAX } from './cost.ts';
import type { OpenLoader } from './loader.ts';
import { MISTAKES, seedsThatShow } from './mistakes.ts';
import { POLICIES } from './sql-loaders.ts';
import { runTrials, seedsFrom, type Trial } from './trials.ts';
import { startWindowsServer, type WindowsServer } from './windows-server.ts';

const USAGE = `npm run windows -- [what] [-o json]
  --schedules N [--seed S]  N schedules from seed S, default 500 from 1: what do loads bring of what writers wrote?
  --policies                the same schedules with the four usual policies
  --mistakes                each planted mistake until a schedule catches it
  --cost [--rows R]         pages that an exact load reads, next to those of a plain range
  --lanes N                 servers that run schedules side by side, default 4`;

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '500' },
    seed: { type: 'string', default: '1' },
    lanes: { type: 'string', default: '4' },
    rows: { type: 'string', default: '1000000' },
    policies: { type: 'boolean', default: false },
    mistakes: { type: 'boolean', default: false },
    cost: { type: 'boolean', default: false },
    output: { type: 'string', short: 'o', default: 'table' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const SEEDS = seedsFrom(Number(values.seed), Number(values.schedules));
/** From this many schedules on, each reason to fall back that can occur in them has to. */
const ENOUGH_SCHEDULES = 500;
const isJson = values.output === 'json';

const bronze: OpenLoader = async (reading) => new BronzeLoader(reading);

async function withServers(use: (servers: WindowsServer[]) => Promise<void>): Promise<void> {
  const servers: WindowsServer[] = [];
  try {
    for (let lane = 0; lane < Number(values.lanes); lane += 1) servers.push(await startWindowsServer());
    await use(servers);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

function sums(trials: readonly Trial[]) {
  const sum = (of: (trial: Trial) => number) => trials.reduce((total, trial) => total + of(trial), 0);
  return {
    schedules: trials.length,
    brought: sum((trial) => trial.brought),
    due: sum((trial) => trial.due),
    lost: sum((trial) => trial.lost),
    duplicated: sum((trial) => trial.duplicated),
    failed: trials.filter((trial) => trial.failures.length > 0).length,
    remakes: sum((trial) => (isOfView(trial) ? 0 : trial.remakes)),
    refreshes: sum((trial) => (isOfView(trial) ? trial.remakes : 0)),
    fallbacks: fallbacksOf(trials),
  };
}

function isOfView({ schedule }: Trial): boolean {
  return schedule.relation === 'materialized_view';
}

/** How many loads fell back, by reason; the reasons that can't occur here are 0. */
function fallbacksOf(trials: readonly Trial[]): Record<WindowFallback, number> {
  const all = trials.flatMap(({ fallbacks }) => fallbacks);
  const counts = windowFallbackSchema.options.map((why) => [why, all.filter((one) => one === why).length]);
  return Object.fromEntries(counts) as Record<WindowFallback, number>;
}

async function runExact(): Promise<void> {
  await withServers(async (servers) => {
    const begun = performance.now();
    let done = 0;
    const onTrial = ({ seed, schedule, failures }: Trial) => {
      done += 1;
      if (done % 100 === 0) say(`> ${count(done)} of ${count(SEEDS.length)} schedules`);
      for (const failure of failures) say(`seed ${seed} (${schedule.shape}, ${schedule.role}): ${failure}`);
    };
    const trials = await runTrials({ servers, seeds: SEEDS, openLoader: bronze, isBronze: true, onTrial });
    const seconds = (performance.now() - begun) / 1000;
    const figures = sums(trials);
    const { schedules, brought, due, lost, duplicated, failed, remakes, refreshes, fallbacks } = figures;
    const untried = schedules < ENOUGH_SCHEDULES ? [] : REMADE.filter((why) => fallbacks[why] === 0);
    process.exitCode = failed === 0 && untried.length === 0 ? 0 : 1;
    for (const why of untried)
      say(`no load fell back because of ${why}, which ${count(schedules)} schedules must show`);
    if (isJson) return printJson({ ...figures, seconds: Number(seconds.toFixed(1)), failures: failuresOf(trials) });
    print(
      `${count(schedules)} schedules from seed ${values.seed}, ${seconds.toFixed(0)} s: ${count(brought)} versions brought`,
    );
    print(`${count(due)} times a version was due by a load; ${count(lost)} lost, ${count(duplicated)} duplicated`);
    print(
      `${count(remakes)} times a table was rewritten, reloaded or swapped, ${count(refreshes)} times a materialized view was refreshed`,
    );
    const reasons = Object.entries(fallbacks).map(([why, loads]) => `${why} ${count(loads)}`);
    print(`loads that fell back: ${reasons.join(', ')}`);
    print(`${schedules - failed} schedules passed, ${failed} failed`);
  });
}

function failuresOf(trials: readonly Trial[]) {
  return trials.filter(({ failures }) => failures.length > 0).map(({ seed, failures }) => ({ seed, failures }));
}

async function runPolicies(): Promise<void> {
  await withServers(async (servers) => {
    const figures: (ReturnType<typeof sums> & { policy: string })[] = [];
    for (const [policy, openLoader] of [...Object.entries(POLICIES), ['exact windows', bronze] as const]) {
      const trials = await runTrials({ servers, seeds: SEEDS, openLoader, withRemakes: false });
      figures.push({ policy, ...sums(trials) });
      say(`> ${policy}`);
    }
    const exact = figures.at(-1);
    process.exitCode = exact?.failed === 0 ? 0 : 1;
    if (isJson) return printJson(figures);
    printTable(
      ['policy', 'versions brought', 'lost', 'duplicated'],
      figures.map((one) => [one.policy, ...[one.brought, one.lost, one.duplicated].map((n) => right(count(n)))]),
    );
  });
}

async function runMistakes(): Promise<void> {
  await withServers(async (servers) => {
    const figures: { mistake: string; schedules: number; caught: boolean; failure: string }[] = [];
    for (const mistake of MISTAKES) {
      const { what, openLoader } = mistake;
      const seeds = seedsThatShow(mistake, SEEDS);
      const isEnough = (trial: Trial) => trial.failures.length > 0;
      const trials = await runTrials({ servers, seeds, openLoader, isEnough });
      const failure = trials.find(isEnough)?.failures[0] ?? '';
      figures.push({ mistake: what, schedules: trials.length, caught: failure !== '', failure });
      say(`> ${what}`);
    }
    process.exitCode = figures.every(({ caught }) => caught) ? 0 : 1;
    if (isJson) return printJson(figures);
    printTable(
      ['mistake', 'schedules until caught', 'seen as'],
      figures.map((one) => [one.mistake, right(one.caught ? count(one.schedules) : 'never'), one.failure]),
    );
  });
}

async function runCost(): Promise<void> {
  const costs = await measureCost(Number(values.rows));
  const exact = costs[1]?.ratio ?? Infinity;
  process.exitCode = exact <= RATIO_MAX ? 0 : 1;
  if (isJson) return printJson(costs);
  printTable(
    ['reading', 'rows', 'pages', 'ms', '× plain'],
    costs.map(({ what, ...one }) => [
      what,
      ...[one.rows, one.pages, one.ms].map((n) => right(count(n))),
      right(String(one.ratio)),
    ]),
  );
  print(`${exact <= RATIO_MAX ? 'passed' : 'FAILED'}: at most ${RATIO_MAX} × the pages of the plain range`);
}

if (values.help) print(USAGE);
else if (values.cost) await runCost();
else if (values.policies) await runPolicies();
else if (values.mistakes) await runMistakes();
else await runExact();
