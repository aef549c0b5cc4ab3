/** `npm run simulate -- --seeds 10000 | --seed 7 | --exhaustive | --mutants` */
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type Caught, catchMutants, SKIPPED } from './planted-bugs/catch-bugs.ts';
import { plant } from './planted-bugs/planting.ts';
import { runInThreads } from './pool.ts';
import { replay } from './replay.ts';
import type { Broken, Done, Work } from './work.ts';
import { COUNTED, type Violation } from './world/facts.ts';

const USAGE = `npm run simulate -- [what] [-o json]
  --seeds N [--from S]    N worlds with random faults (default: 1000, starting at seed 1)
  --seed N [--faults K]   one world and its event log, with its first K faults only
  --exhaustive            a small world: every fault at every port call, and kills with double deliveries
            [--every K]   every K-th of its cases (default: all)
  --case N                one case of the exhaustive mode and its event log
  --mutants               plants each bug in turn and finds the first world that catches it
  --mutant NAME           plants this bug in any of the modes above
  --threads N             default: one per core`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    faults: { type: 'string' },
    case: { type: 'string' },
    exhaustive: { type: 'boolean', default: false },
    every: { type: 'string', default: '1' },
    mutants: { type: 'boolean', default: false },
    mutant: { type: 'string' },
    threads: { type: 'string', default: String(availableParallelism()) },
    output: { type: 'string', short: 'o', default: 'text' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const threads = numberOf(values.threads, 1);
/** Only this many broken worlds are shrunk: it takes a while. */
const EXPLAINED_MAX = 3;

interface Explained extends Violation {
  readonly seed?: number;
  /** How many of the seed's first faults are enough to break the law. */
  readonly faults?: number;
  readonly command: string;
}

const planted = values.mutant === undefined ? {} : { mutant: values.mutant };

if (values.help) console.log(USAGE);
else if (values.seed !== undefined || values.case !== undefined) await showOne();
else if (values.mutants) await showMutants();
else await showWorlds();

/** Parses a whole number of at least `min`. Otherwise prints the usage and exits with code 2. */
function numberOf(text: string, min = 0): number {
  if (/^\d{1,9}$/.test(text) && Number(text) >= min) return Number(text);
  console.error(`not a number: ${text.slice(0, 40)}\n${USAGE}`);
  return process.exit(2);
}

async function showOne(): Promise<void> {
  if (values.mutant !== undefined) plant(values.mutant);
  const faults_max = values.faults === undefined ? undefined : numberOf(values.faults);
  const isBroken =
    values.seed === undefined
      ? await replay({ kind: 'case', number: numberOf(values.case ?? '') })
      : await replay({ kind: 'seed', number: numberOf(values.seed), faults_max });
  process.exitCode = isBroken ? 1 : 0;
}

async function showMutants(): Promise<void> {
  const caught = await catchMutants(threads);
  const count = (is: (one: Caught) => boolean) => caught.filter(is).length;
  const skipped = count(({ world }) => world === SKIPPED);
  const escaped = count(({ law }) => law === undefined) - skipped;
  const summary = {
    table: caught,
    mutants: caught.length,
    caught: caught.length - escaped - skipped,
    escaped,
    skipped,
  };
  if (values.output === 'json') console.log(JSON.stringify(summary, null, 2));
  else console.log(tableOf(caught));
  process.exitCode = escaped + skipped > 0 ? 1 : 0;
}

/** The Markdown table of docs/how-we-know/simulation.md. */
function tableOf(caught: readonly Caught[]): string {
  const rows = caught.map(({ mutant, world, law }) => `| ${mutant} | ${world} | ${law ?? 'ESCAPED'} |`);
  return ['| planted bug | first world that shows it | law |', '|---|---|---|', ...rows].join('\n');
}

async function showWorlds(): Promise<void> {
  const started_ms = performance.now();
  const done = await runInThreads(values.exhaustive ? casesOf(threads) : seedsOf(), threads);
  const seconds = (performance.now() - started_ms) / 1000;
  const broken = done.flatMap((one) => one.broken);
  if (broken.length > 0) process.exitCode = 1;
  const explained: Explained[] = [];
  if (broken.length > 0 && values.mutant !== undefined) plant(values.mutant);
  for (const [index, one] of broken.entries()) explained.push(index < EXPLAINED_MAX ? await explain(one) : named(one));
  const summary = summaryOf(done, seconds);
  if (values.output === 'json') console.log(JSON.stringify({ broken: explained, ...summary }, null, 2));
  else showText(summary, explained);
}

/** A few chunks per thread: no thread waits long for another, and none warms up often. */
function seedsOf(): Work[] {
  const [from, seeds] = [numberOf(values.from), numberOf(values.seeds ?? '1000', 1)];
  const chunk = Math.max(1, Math.min(2500, Math.ceil(seeds / threads)));
  return Array.from({ length: Math.ceil(seeds / chunk) }, (_, index) => {
    const first = from + index * chunk;
    return { kind: 'seeds', from: first, to: Math.min(first + chunk, from + seeds) - 1, ...planted };
  });
}

function casesOf(parts: number): Work[] {
  const every = numberOf(values.every, 1);
  return Array.from({ length: parts }, (_, part) => {
    return { kind: 'cases', first: part * every, of: parts * every, ...planted };
  });
}

function summaryOf(done: readonly Done[], seconds: number) {
  const sum = (count: (one: Done) => number) => done.reduce((total, one) => total + count(one), 0);
  const [worlds, port_calls] = [sum((one) => one.worlds), sum((one) => one.port_calls)];
  const broken = done.flatMap((one) => one.broken);
  // Sorted, so that the digest does not depend on how worlds are distributed over threads.
  const digests = done.flatMap((one) => one.digests).toSorted();
  return {
    [values.exhaustive ? 'cases' : 'seeds']: worlds,
    port_calls,
    port_calls_per_world: Math.round(port_calls / Math.max(1, worlds)),
    faults: sum((one) => one.faults),
    ...Object.fromEntries(COUNTED.map((name) => [name, sum((one) => one.counts[name])])),
    digest: createHash('sha256').update(digests.join('\n')).digest('hex'),
    threads,
    seconds: Number(seconds.toFixed(1)),
    worlds_per_second_and_core: Math.round(worlds / seconds / Math.min(threads, availableParallelism())),
    violations: broken.length,
  };
}

function showText(summary: ReturnType<typeof summaryOf>, broken: readonly Explained[]): void {
  for (const [name, value] of Object.entries(summary)) console.log(`${name.padEnd(28)}${String(value)}`);
  for (const { law, what, seed, faults, command } of broken) {
    console.log(`\n${law} is broken: ${what}`);
    if (faults !== undefined) console.log(`seed ${seed}, its first ${faults} faults`);
    console.log(command);
  }
}

function named({ law, what, replay: world }: Broken): Explained {
  return { law, what, command: `npm run simulate -- ${world}${mutantWords()}` };
}

function mutantWords(): string {
  return values.mutant === undefined ? '' : ` --mutant '${values.mutant}'`;
}

/** Finds the smallest number of first faults that still breaks a law, and the command that replays that world. */
async function explain(broken: Broken): Promise<Explained> {
  const { law, what } = broken;
  const [, seed] = /^--seed (\d+)$/.exec(broken.replay) ?? [];
  if (seed === undefined) return named(broken);
  const { shrink } = await import('./simulate-seed.ts');
  const { faults, violation } = await shrink(Number(seed));
  const command = `npm run simulate -- --seed ${seed} --faults ${faults}${mutantWords()}`;
  return { law: violation?.law ?? law, what: violation?.what ?? what, seed: Number(seed), faults, command };
}
