import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OF_THIS_PROCESS } from '@bronze/common/adapters/local/left-behind';
import { DuckDbEngine } from '@bronze/writer/adapters/duckdb-engine';
import { batchOf, conversionOf } from '@bronze/writer/adapters/engines.fixtures';
import { sweepTemporaryFolders } from '@bronze/writer/adapters/temporary-folders';
import { describePoint, Life, type Point, pointsOf } from './dying-calls.ts';
import type { Trial } from './trial.ts';

const CONVERSION = conversionOf(
  [{ name: 'id', type: 'bigint' }],
  [batchOf([{ id: '1' }], 'one'), batchOf([{ id: '2' }, { id: '3' }], 'two')],
);
const ROWS = 3;
/** Above the largest process id that Linux gives. */
const NO_PROCESS = 4_194_305;
const OURS = 'bronze-duckdb-';
const ofProcess = (pid: number) => `${OURS}${OF_THIS_PROCESS.replace(`-${process.pid}-`, `-${pid}-`)}`;

/** These belong to a process that lives, and to somebody else. */
const KEPT = [`${ofProcess(process.ppid)}aaaaaa`, `${OURS}aaaaaa`, 'somebody-4711-else'];

/** Tries something in a temporary folder of its own, in which those that are kept lie. */
async function inTemporaryFolder<T>(act: (folder: string) => Promise<T>): Promise<T> {
  const before = tmpdir();
  const folder = await mkdtemp(join(before, 'bronze-crash-'));
  process.env['TMPDIR'] = folder;
  try {
    for (const name of KEPT) await mkdir(join(folder, name));
    return await act(folder);
  } finally {
    process.env['TMPDIR'] = before;
    await rm(folder, { recursive: true });
  }
}

async function convert(): Promise<void> {
  let rows = 0;
  for await (const one of new DuckDbEngine().convert(CONVERSION)) rows += one.kind === 'part' ? one.rows : 0;
  if (rows !== ROWS) throw new Error(`${rows} of ${ROWS} rows were converted`);
}

/** What this process made is renamed after one that no longer runs. */
async function buryFolders(folder: string): Promise<number> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(ofProcess(process.pid)));
  for (const name of names)
    await rename(join(folder, name), join(folder, name.replace(ofProcess(process.pid), ofProcess(NO_PROCESS))));
  return names.length;
}

async function assertSwept(folder: string): Promise<void> {
  const left = await readdir(folder);
  if (left.toSorted().join() !== KEPT.toSorted().join()) throw new Error(`there are ${left.join()}`);
}

/** A conversion dies; the next process converts, and removes what it left. */
function convertAndDieAt(dies_at?: Point): Promise<Life> {
  return inTemporaryFolder(async (folder) => {
    const life = new Life(dies_at && { dies_at });
    await life.run(convert);
    const left = await buryFolders(folder);
    if (!life.isDead && left > 0) throw new Error('a conversion that ends leaves its folder');
    await convert();
    await assertSwept(folder);
    return life;
  });
}

/** A process dies while it sweeps; the next one sweeps the rest. */
function sweepAndDieAt(dies_at?: Point): Promise<Life> {
  return inTemporaryFolder(async (folder) => {
    for (const name of ['one', 'two']) {
      const left = join(folder, `${ofProcess(NO_PROCESS)}${name}`);
      await mkdir(join(left, '256'), { recursive: true });
      await writeFile(join(left, 'batch-0.ndjson.zst'), 'half');
    }
    const life = new Life(dies_at && { dies_at });
    await life.run(sweepTemporaryFolders);
    await sweepTemporaryFolders();
    await assertSwept(folder);
    return life;
  });
}

/** The folders that DuckDB works in: whatever process dies where, the next one removes what it left, and only that. */
export const temporaryFoldersTrial: Trial = async (attempt) => {
  for (const die of [convertAndDieAt, sweepAndDieAt]) {
    const survivor = await attempt(`${die.name}, nobody dies`, () => die());
    const calls = survivor?.calls ?? [];
    for (const point of pointsOf(calls)) await attempt(`${die.name}, ${describePoint(calls, point)}`, () => die(point));
  }
};
