/** `npm run simulate -- --seeds 10000 | --seed 7 | --exhaustive | --mutants` */
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { catchMutants } from './catch-mutants.ts';
import { runInThreads } from './pool.ts';
import { replay } from './replay.ts';
import type { Broken, Done, Work } from './work.ts';

const USAGE = `npm run simulate -- [what] [-o json]
  --seeds N [--from S]    so many worlds, faults by chance (default: 1000, from 1)
  --seed N [--faults K]   one world with its event log; only its first K faults
  --exhaustive            every fault at every port call of a small world, and kills with double deliveries
  --case N                one world of those, with its event log
  --mutants               plants each bug and looks for the first seed that catches it
  --threads N             default: one for each core`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    faults: { type: 'string' },
    case: { type: 'string' },
    exhaustive: { type: 'boolean', default: false },
    mutants: { type: 'boolean', default: false },
    threads: { type: 'string', default: String(availableParallelism()) },
    output: { type: 'string', short: 'o', default: 'text' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const threads = numberOf(values.threads);

if (values.help) console.log(USAGE);
else if (values.seed !== undefined || values.case !== undefined) await showOne();
else if (values.mutants) await showMutants();
else await showWorlds();

/** @throws never: a wrong number ends the command with its usage */
function numberOf(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  console.error(`not a number: ${text.slice(0, 40)}\n${USAGE}`);
  process.exit(2);
}

async function showOne(): Promise<void> {
  const faults_max = values.faults === undefined ? undefined : numberOf(values.faults);
  const isBroken =
    values.seed === undefined
      ? await replay({ kind: 'case', number: numberOf(values.case ?? '') })
      : await replay({ kind: 'seed', number: numberOf(values.seed), faults_max });
  process.exitCode = isBroken ? 1 : 0;
}

async function showMutants(): Promise<void> {
  const caught = await catchMutants(threads);
  const escaped = caught.filter(({ law }) => law === undefined).length;
  if (values.output === 'json') {
    console.log(
      JSON.stringify(
        { mutants: caught.length, caught: caught.length - escaped, escaped, skipped: 0, table: caught },
        null,
        2,
      ),
    );
  } else {
    for (const { mutant, seed, law, what } of caught)
      console.log(`${law === undefined ? 'ESCAPED' : law} | seed ${seed} | ${mutant}\n    ${what}`);
    console.log(`${caught.length - escaped} of ${caught.length} planted bugs caught`);
  }
  process.exitCode = escaped > 0 ? 1 : 0;
}

async function showWorlds(): Promise<void> {
  const started_ms = performance.now();
  const done = await runInThreads(values.exhaustive ? casesOf(threads) : seedsOf(), threads);
  const seconds = (performance.now() - started_ms) / 1000;
  const summary = summaryOf(done, seconds);
  if (values.output === 'json') console.log(JSON.stringify(summary, null, 2));
  else showText(summary);
  const [first] = done.flatMap(({ broken }) => broken);
  if (first) {
    if (values.output !== 'json') await explain(first);
    process.exitCode = 1;
  }
}

/** In chunks, so that no thread waits for another long. */
function seedsOf(): Work[] {
  const [from, seeds] = [numberOf(values.from), numberOf(values.seeds ?? '1000')];
  const chunk = Math.max(1, Math.min(500, Math.ceil(seeds / threads)));
  return Array.from({ length: Math.ceil(seeds / chunk) }, (_, index) => {
    const first = from + index * chunk;
    return { kind: 'seeds', from: first, to: Math.min(first + chunk, from + seeds) - 1 };
  });
}

function casesOf(of: number): Work[] {
  return Array.from({ length: of }, (_, first) => ({ kind: 'cases', first, of }));
}

function summaryOf(done: readonly Done[], seconds: number) {
  const sum = (count: (one: Done) => number) => done.reduce((total, one) => total + count(one), 0);
  const [worlds, port_calls] = [sum((one) => one.worlds), sum((one) => one.port_calls)];
  const broken = done.flatMap((one) => one.broken);
  const digest = createHash('sha256');
  for (const one of done) digest.update(one.digests.join('\n'));
  return {
    [values.exhaustive ? 'cases' : 'seeds']: worlds,
    violations: broken.length,
    port_calls,
    port_calls_per_world: Math.round(port_calls / Math.max(1, worlds)),
    faults: sum((one) => one.faults),
    digest: digest.digest('hex'),
    threads,
    seconds: Number(seconds.toFixed(1)),
    worlds_per_second_and_core: Math.round(worlds / seconds / Math.min(threads, availableParallelism())),
    broken: broken.slice(0, 10),
  };
}

function showText(summary: ReturnType<typeof summaryOf>): void {
  for (const [name, value] of Object.entries(summary))
    if (!Array.isArray(value)) console.log(`${name.padEnd(28)}${String(value)}`);
}

async function explain(broken: Broken): Promise<void> {
  console.log(`\n${broken.law} is broken: ${broken.what}`);
  const [, seed] = /^--seed (\d+)$/.exec(broken.replay) ?? [];
  if (seed === undefined) return console.log(`npm run simulate -- ${broken.replay}`);
  const { shrink } = await import('./simulate-seed.ts');
  const shortest = await shrink(Number(seed));
  console.log(
    `seed ${seed}, with its first ${shortest.faults} faults: ${shortest.violation?.law ?? ''}: ${shortest.violation?.what ?? ''}`,
  );
  console.log(`npm run simulate -- --seed ${seed} --faults ${shortest.faults}`);
}
