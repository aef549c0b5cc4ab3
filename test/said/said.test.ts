/**
 * What the command says is what is so: in random worlds, each run and each status is compared with the source, the Parquet
 * files and the rows in quarantine. `SAID_WORLDS=200 SAID_SEED=7` plays so many worlds from a seed on.
 */
import { expect, test } from 'vitest';
import { type Checkpoint, checkpointsIn } from './folder.ts';
import { type Expected, type Standing, Truth } from './truth.ts';
import { type Ended, type Played, World } from './world.ts';

const WORLDS = Number(process.env['SAID_WORLDS'] ?? 12);
const FIRST_SEED = Number(process.env['SAID_SEED'] ?? 1);

interface SaidOfEntity {
  readonly entity: string;
  readonly status: string;
  readonly rows: number;
  readonly rows_quarantined: number;
}

/** The cells of each row of a table, by the names of its columns. */
function tableIn(stdout: string): Record<string, string>[] {
  const lines = stdout.split('\n').filter((line) => line.startsWith('│'));
  const [head = [], ...rows] = lines.map((line) =>
    line
      .split('│')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return rows.map((row) => Object.fromEntries(row.map((cell, index) => [head[index] ?? '', cell])));
}

const numberIn = (text = '') => Number(text.replaceAll(',', ''));

function saidByRun({ ended: { stdout }, output }: Played): SaidOfEntity[] {
  if (output === 'json') {
    const { entities } = JSON.parse(stdout) as { entities: SaidOfEntity[] };
    return entities.map(({ entity, status, rows, rows_quarantined }) => ({ entity, status, rows, rows_quarantined }));
  }
  return tableIn(stdout).map(({ entity = '', status = '', rows, quarantined }) => {
    return { entity, status, rows: numberIn(rows), rows_quarantined: numberIn(quarantined) };
  });
}

function lastLine(expected: readonly Expected[]): RegExp {
  const of = (outcome: string) => expected.filter((one) => one.outcome === outcome).length;
  const held = expected.filter(({ rows_quarantined }) => rows_quarantined > 0);
  const rows = held.reduce((sum, { rows_quarantined }) => sum + rows_quarantined, 0);
  const parts = [
    `${of('completed')} completed`,
    ...(of('failed') > 0 ? [`${of('failed')} failed`] : []),
    ...(of('interrupted') > 0 ? [`${of('interrupted')} interrupted`] : []),
    ...(rows > 0 ? [`${held.length} quarantined ${rows} row${rows === 1 ? '' : 's'}`] : []),
  ];
  const last = of('interrupted') > 0 ? String.raw`\nInterrupted\. [^\n]*` : '';
  return new RegExp(String.raw`\n?${parts.join(', ')}, in [\d.]+ s${last}\n$`);
}

const EXIT_OF: Readonly<Record<string, number>> = { REFERENCE_UNRESOLVED: 2, SOURCE_FAILING: 3, SOURCE_DENIED: 4 };

/** As docs/cli.md has it. */
function exitCode({ allowsQuarantine }: Played, expected: readonly Expected[]): number {
  const codes = expected.flatMap(({ code }) => (code === undefined ? [] : [EXIT_OF[code] ?? 1]));
  const [first] = codes;
  const isAlike = codes.every((code) => code === first);
  const interrupted = expected.some(({ outcome }) => outcome === 'interrupted') ? 130 : 0;
  const isSame = isAlike && (first === 3 || codes.length === expected.length);
  const code = first === undefined ? interrupted : isSame ? first : 4;
  const isMissing = expected.some((one) => {
    return one.rows_quarantined > 0 && !allowsQuarantine && !one.entity.allowsQuarantine;
  });
  return isMissing && code !== 2 ? 4 : code;
}

/** Names and codes of what stderr says failed, each with all that it hit. */
function failuresIn(stderr: string): string[] {
  return [...stderr.matchAll(/^(.+) failed: ([A-Z_]+)$/gm)]
    .flatMap(([, names = '', code]) => names.split(', ').map((name) => `${name} ${code}`))
    .toSorted();
}

interface Change {
  readonly kind: string;
  readonly column: string;
}

/** Only `-o json` says these. */
function expectDetails(stdout: string, expected: readonly Expected[], where: string): void {
  const { entities } = JSON.parse(stdout) as { entities: Record<string, unknown>[] };
  for (const one of expected) {
    const found = entities.find(({ entity }) => entity === one.entity.name) ?? {};
    const changes = found['schema_changes'] as Change[];
    const columns = (kind: string) => changes.filter((change) => change.kind === kind).map(({ column }) => column);
    const left = (found['left_out'] ?? {}) as Record<string, number>;
    const error = (found['error'] ?? {}) as { code?: string };
    const counted = (what: string, due: number | undefined) => (due === undefined ? undefined : (left[what] ?? 0));
    expect(
      {
        code: error.code,
        isContinued: found['continued_from'] !== null && one.outcome === 'completed',
        added: columns('added').toSorted(),
        dropped: columns('dropped').toSorted(),
        parts: found['parts'],
        bytes: found['bytes'],
        left_for_later: counted('left_for_later', one.left_for_later),
        without_cursor: counted('without_cursor', one.without_cursor),
      },
      `${where}, ${one.entity.name}`,
    ).toEqual({
      code: one.code,
      isContinued: one.isContinued,
      added: one.added,
      dropped: one.dropped,
      parts: one.loads.reduce((sum, { parts }) => sum + parts, 0),
      bytes: one.loads.reduce((sum, { bytes }) => sum + bytes, 0),
      left_for_later: one.left_for_later,
      without_cursor: one.without_cursor,
    });
  }
}

function expectRun(run: Played, expected: readonly Expected[], where: string): void {
  const { ended } = run;
  const what = expected.map(({ entity, outcome, rows, rows_quarantined }) => {
    return { entity: entity.name, status: outcome, rows, rows_quarantined };
  });
  expect(saidByRun(run), where).toEqual(what);
  expect(ended.stderr, where).toMatch(lastLine(expected));
  expect(failuresIn(ended.stderr), where).toEqual(
    expected.flatMap(({ entity, code }) => (code === undefined ? [] : [`${entity.name} ${code}`])).toSorted(),
  );
  expect(ended.code, `${where}: exit code`).toBe(exitCode(run, expected));
  for (const { entity, lost, rows_due, rows, rows_quarantined, added, dropped } of expected) {
    const one = `${where}, ${entity.name}`;
    expect(lost, `${one}: in neither bronze nor quarantine`).toEqual([]);
    if (rows_due !== undefined) expect(rows + rows_quarantined, `${one}: rows of the source`).toBe(rows_due);
    const isSaid = ended.stderr.includes(`${entity.name}: its columns changed: `);
    expect(isSaid, `${one}: says that columns changed`).toBe(added.length + dropped.length > 0);
    const held = new RegExp(String.raw`^${entity.name}: (\d+) rows? in quarantine`, 'm').exec(ended.stderr)?.[1];
    expect(Number(held ?? 0), `${one}: rows in quarantine`).toBe(rows_quarantined);
  }
  if (run.output === 'json') expectDetails(ended.stdout, expected, where);
}

/** The other run fails for lack of its environment, unless this run's load answered what it asked for. */
function expectForeign({ foreign, foreignRun }: Played, where: string): void {
  for (const { entity, status, failure } of foreignRun?.results ?? []) {
    const isAnswered = foreign === 'during' && status === 'completed';
    expect(isAnswered ? undefined : failure?.code, `${where}, ${entity} of the other run`).toBe(
      isAnswered ? undefined : 'REFERENCE_UNRESOLVED',
    );
  }
}

interface SaidByStatus extends Omit<Standing, 'failures'> {
  readonly dead_letters: readonly string[];
}

const codesOf = ({ dead_letters }: SaidByStatus) => dead_letters.map((one) => one.split(':', 1)[0] ?? '');

async function statusInJson(world: World, isAllowed: boolean): Promise<Ended & { entities: SaidByStatus[] }> {
  const ended = await world.status('json', isAllowed);
  return { ...ended, ...(JSON.parse(ended.stdout) as { entities: SaidByStatus[] }) };
}

async function expectStatus(world: World, truth: Truth, where: string): Promise<void> {
  const isAllowed = world.random.chance(0.3);
  const judged = await Promise.all(world.entities.map((entity) => truth.standing(entity, isAllowed)));
  const standings = judged.map(({ standing }) => standing);
  if (standings.some(({ is_late }) => is_late)) happened.add('late');
  const code = judged.every(({ isHealthy }) => isHealthy) ? 0 : 4;
  const json = await statusInJson(world, isAllowed);
  const inJson = json.entities.map((one) => {
    const { entity, state, record_count, rows_quarantined, is_late } = one;
    return { entity, state, record_count, rows_quarantined, is_late, failures: codesOf(one).toSorted() };
  });
  expect(inJson, where).toEqual(standings);
  expect(json.code, `${where}: exit code of status`).toBe(code);
  const table = await world.status('table', isAllowed);
  const inTable = tableIn(table.stdout).map(({ entity, state, rows, quarantined, behind = '', failure = '' }) => {
    const is_late = behind.endsWith('late');
    return { entity, state, record_count: rows, rows_quarantined: numberIn(quarantined), is_late, failure };
  });
  expect(inTable, where).toEqual(
    standings.map(({ state, record_count, failures, ...standing }) => ({
      ...standing,
      state: state.replace('_', ' '),
      record_count: record_count === null ? '' : String(record_count),
      // The newest one.
      failure: failures.length === 0 ? '' : expect.toBeOneOf(failures),
    })),
  );
  expect(table.code, `${where}: exit code of status`).toBe(code);
  const late = [...table.stderr.matchAll(/^(\w+) is late: /gm)].map(([, name]) => name);
  expect(late, where).toEqual(standings.filter(({ is_late }) => is_late).map(({ entity }) => entity));
  await expectList(world, standings, where);
}

async function expectList(world: World, standings: readonly Standing[], where: string): Promise<void> {
  const list = await world.quarantineList();
  const loads = JSON.parse(list.stdout) as { entity: string; rows: number }[];
  for (const { entity, rows_quarantined } of standings) {
    const rows = loads.filter((load) => load.entity === entity).reduce((sum, load) => sum + load.rows, 0);
    expect({ entity, rows }, `${where}: quarantine list`).toEqual({ entity, rows: rows_quarantined });
  }
  const isMissing = standings.some(({ rows_quarantined }) => rows_quarantined > 0);
  expect(list.code, `${where}: exit code of quarantine list`).toBe(isMissing ? 4 : 0);
}

/** So that nobody believes in worlds in which nothing happens. What only some timings show is not asked for. */
const happened = new Set<string>();

function remember(run: Played, expected: readonly Expected[]): void {
  const what = [
    ...expected.map(({ outcome, code }) => code ?? outcome),
    ...(expected.some(({ rows_quarantined }) => rows_quarantined > 0) ? ['quarantine'] : []),
    ...(expected.some(({ added, dropped }) => added.length + dropped.length > 0) ? ['drift'] : []),
    ...(run.foreignRun ? [`foreign ${run.foreign}`] : []),
  ];
  for (const one of what) happened.add(one);
}

const busyIn = (checkpoints: Readonly<Record<string, Checkpoint>>) =>
  Object.entries(checkpoints).flatMap(([name, { pending_load }]) => (pending_load ? [name] : []));

async function expectWorld(seed: number): Promise<void> {
  await using world = await World.open(seed);
  const truth = new Truth(world);
  const runs = world.random.between(2, 3);
  for (let number = 1; number <= runs; number += 1) {
    const where = `world ${seed}, run ${number}`;
    const before = await checkpointsIn(world.out);
    const run = await world.play(world.next(number === 1), busyIn(before));
    const expected = await truth.after(run, before);
    remember(run, expected);
    expectRun(run, expected, where);
    expectForeign(run, where);
    const { entities } = run.waited.size > 0 ? await statusInJson(world, true) : { entities: [] };
    for (const one of entities) {
      if (run.foreign_names.includes(one.entity)) truth.learnFailures(one.entity, codesOf(one));
    }
    await expectStatus(world, truth, `${where}, at its end`);
    const entity = world.random.pick(world.entities);
    if (world.random.chance(0.3) && (await truth.missing(entity)).length > 0) {
      await world.acknowledge(entity.name);
      await truth.acknowledge(entity);
      happened.add('acknowledged');
    }
    world.pass(2);
    await expectStatus(world, truth, `${where}, two hours later`);
  }
}

const seeds = Array.from({ length: WORLDS }, (_, n) => FIRST_SEED + n);

test.each(seeds)('what is said in world %i is so', (seed) => expectWorld(seed));

const HAPPENS = [
  'completed',
  'interrupted',
  'REFERENCE_UNRESOLVED',
  'SOURCE_DENIED',
  'SOURCE_FAILING',
  'quarantine',
  'acknowledged',
  'late',
  'drift',
  'foreign before',
  'foreign during',
];

test.runIf(WORLDS >= 12)('all of it has happened in these worlds', () => {
  expect(HAPPENS.filter((what) => !happened.has(what))).toEqual([]);
});
