import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { NO_FAULTS } from './faults/fates.ts';
import { PLANTED_BUGS } from './planted-bugs/planted-bugs.ts';
import { whyNotPlanted } from './planted-bugs/planting.ts';
import { courseOf, POISONS } from './faults/poisoned.ts';
import { simulateSeed } from './simulate-seed.ts';
import { smallWorkload } from './world/workload.ts';
import { COUNTED } from './world/facts.ts';
import { World } from './world/world.ts';

const MAIN = new URL('./main.ts', import.meta.url).pathname;
/** A little below the actual number: catches a list of cases that has become shorter. */
const CASES_MIN = 100;
const DOCS = new URL('../../docs/how-we-know/simulation.md', import.meta.url);

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `npm run simulate -- …` */
function simulate(...words: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...words], { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, stdout, stderr }),
    );
  });
}

async function summaryOf(...words: string[]): Promise<Record<string, unknown>> {
  const { stdout, stderr } = await simulate(...words, '-o', 'json');
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe('all laws hold', { timeout: 900_000 }, () => {
  test('with every fault at every port call, and with every kill together with every double delivery', async () => {
    // All of them are played each night.
    const summary = await summaryOf('--exhaustive', '--every', '192');
    expect(summary).toMatchObject({ violations: 0, broken: [] });
    expect(summary['cases']).toBeGreaterThan(CASES_MIN);
  });

  test('in 300 worlds with random faults', async () => {
    const summary = await summaryOf('--seeds', '300');
    expect(summary).toMatchObject({ seeds: 300, violations: 0, broken: [] });
    expect(summary['faults']).toBeGreaterThan(10_000);
    // A law without anything to judge, or a fallback that never happens, shows nothing.
    expect(COUNTED.filter((what) => summary[what] === 0)).toEqual([]);
  });
});

describe('L7 alone: a poisoned entity changes no load, line or message of a healthy one', () => {
  const pairs = [
    ['orders', 'customers'],
    ['customers', 'orders'],
  ] as const;
  const cases = pairs.flatMap(([healthy, poisoned]) => POISONS.map((poison) => ({ healthy, poisoned, poison })));

  test.each(cases)(
    '$healthy comes to the same end while $poisoned has the poison “$poison”',
    async ({ healthy, poisoned, poison }) => {
      const alone = await courseOf(healthy);
      expect(alone.lines.length).toBeGreaterThan(0);
      const accompanied = await courseOf(healthy, { name: poisoned, poison });
      expect(accompanied).toEqual(alone);
      expect((await courseOf(poisoned, { name: poisoned, poison })).loads).toBe(0);
    },
  );
});

test('the same seed gives the same event log, byte for byte, and another seed gives another one', async () => {
  const [first, again, other] = [await simulateSeed(7), await simulateSeed(7), await simulateSeed(8)];
  expect(first.lines.join('\n')).toBe(again.lines.join('\n'));
  expect(first.lines.length).toBeGreaterThan(50);
  expect(other.digest).not.toBe(first.digest);
});

test('a world does not depend on the worlds that were played before it', async () => {
  const seeds = Array.from({ length: 40 }, (_, index) => index + 100);
  const digests = new Map<number, string>();
  for (const seed of seeds) digests.set(seed, (await simulateSeed(seed)).digest);
  for (const seed of seeds.toReversed()) expect((await simulateSeed(seed)).digest).toBe(digests.get(seed));
});

test('the digest of all event logs does not depend on the number of threads', async () => {
  const [one, two] = [
    await summaryOf('--seeds', '60', '--threads', '1'),
    await summaryOf('--seeds', '60', '--threads', '2'),
  ];
  expect(one['digest']).toBe(two['digest']);
});

test('a broken law is reported with its seed, its fewest faults and the command that replays it', async () => {
  const bug = 'sending failures ignored';
  const [, from = ''] = (await documented()).find(({ mutant }) => mutant === bug)?.world.split(' ') ?? [];
  const { code, stdout } = await simulate('--seeds', '1', '--from', from, '--mutant', bug);
  expect(code).toBe(1);
  const [, seed = '', faults = '0'] = /npm run simulate -- --seed (\d+) --faults (\d+) --mutant '/.exec(stdout) ?? [];
  const [shown, shorter] = [
    await simulate('--seed', seed, '--faults', faults, '--mutant', bug),
    await simulate('--seed', seed, '--faults', String(Number(faults) - 1), '--mutant', bug),
  ];
  expect(shown.code).toBe(1);
  expect(shown.stdout).toMatch(/^\d+ .+ objects\.get .+\n[\s\S]+ is broken: /m);
  expect(Number(faults)).toBeGreaterThan(0);
  expect(shorter).toMatchObject({ code: 0, stdout: expect.stringContaining('all laws hold') });
});

test('a world that throws is a violation and does not stop the other worlds', async () => {
  const world = new World({ seed: 0, workload: smallWorkload(), faults: NO_FAULTS, isInOrder: true });
  world.functions.plan = () => {
    throw new RangeError('no plan');
  };
  expect(await world.run()).toMatchObject({ law: 'the simulation itself', what: expect.stringContaining('no plan') });
});

test.each(['--seeds 0', '--exhaustive --threads 0'])('%s is refused, because it would play nothing', async (words) => {
  const { code, stderr } = await simulate(...words.split(' '));
  expect(code).toBe(2);
  expect(stderr).toContain('not a number: 0');
});

describe('planted bugs', () => {
  test('are at least twenty, and docs/how-we-know/simulation.md lists each of them', async () => {
    expect(PLANTED_BUGS.length).toBeGreaterThanOrEqual(20);
    expect((await documented()).map(({ mutant }) => mutant)).toEqual(PLANTED_BUGS.map(({ name }) => name));
  });

  test(
    'are caught, one in three here, each in the world and by the law that docs/how-we-know/simulation.md names',
    { timeout: 900_000 },
    async () => {
      // Each takes a process of its own. The night plays all of them.
      const third = (await documented()).filter((_, index) => index % 3 === 0);
      expect(third.length).toBeGreaterThan(20);
      for (const { mutant, world, law } of third) {
        const { code, stdout } = await simulate(...`--${world}`.split(' '), '--mutant', mutant);
        expect({ mutant, code, last: stdout.trimEnd().split('\n').at(-1) }).toMatchObject({
          code: 1,
          last: expect.stringContaining(`${law} is broken: `),
        });
        // A simulation that crashes on the bug has not caught it.
        expect(stdout).not.toMatch(/the law itself failed|unknown SQL|unknown statement|the simulation itself/);
      }
    },
  );

  test('can all be planted, and one whose place in the code is gone says so', () => {
    const gone = { file: 'packages/common/src/words/json.ts', find: 'once here', put: '' };
    expect(whyNotPlanted({ name: 'gone', edits: [gone] })).toContain('does not contain this exactly once: once here');
    expect(PLANTED_BUGS.map(whyNotPlanted).filter((reason) => reason !== undefined)).toEqual([]);
  });

  test('are refused when their name is unknown', async () => {
    const { code, stderr } = await simulate('--seed', '1', '--mutant', 'no such bug');
    expect(code).toBe(1);
    expect(stderr).toContain('there is no planted bug named no such bug');
  });
});

async function documented(): Promise<{ mutant: string; world: string; law: string }[]> {
  const rows = (await readFile(DOCS, 'utf8')).matchAll(/^\| (.+) \| ((?:seed|case) \d+) \| (.+) \|$/gm);
  return [...rows].map(([, mutant = '', world = '', law = '']) => ({ mutant, world, law }));
}
