import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { STATE_FOLDER } from '@bronze/common/adapters/local/folder-object-reader';
import { FolderObjectStore } from '@bronze/common/adapters/local/folder-object-store';
import { describePoint, Life, type Point, pointsOf } from './dying-calls.ts';
import { textOf, type Trial } from './trial.ts';

type Objects = Readonly<Record<string, string>>;

interface Step {
  readonly act: (store: FolderObjectStore) => Promise<unknown>;
  readonly returns: unknown;
  /** All objects once the step is done. */
  readonly leaves: Objects;
}

const PART = 'bronze/things/part-0.parquet';
const STATE = 'checkpoints.json';
/** As long as a file that is written in several system calls. */
const long = (letter: string) => letter.repeat(1000);

function put(body: string, returns: 'created' | 'exists', leaves: Objects): Step {
  return { act: (store) => store.putIfAbsent(PART, Buffer.from(body)), returns, leaves };
}

/** @param expected what the object holds as far as this process knows; undefined: nothing */
function swap(expected: string | undefined, body: string, returns: boolean, leaves: Objects): Step {
  const act = async (store: FolderObjectStore) => {
    const found = await store.get(STATE);
    const etag = textOf(found) === expected ? found?.etag : '"another"';
    return store.replace(STATE, Buffer.from(body), etag);
  };
  return { act, returns, leaves };
}

/** What one process does, one step after the other, and what is in the folder after each. */
export const STEPS: readonly Step[] = [
  put(long('a'), 'created', { [PART]: long('a') }),
  put(long('b'), 'exists', { [PART]: long('a') }),
  swap(undefined, long('1'), true, { [PART]: long('a'), [STATE]: long('1') }),
  swap(long('1'), long('2'), true, { [PART]: long('a'), [STATE]: long('2') }),
  swap(long('1'), long('3'), false, { [PART]: long('a'), [STATE]: long('2') }),
  {
    act: (store) => store.list('bronze/things/'),
    returns: [PART],
    leaves: { [PART]: long('a'), [STATE]: long('2') },
  },
  { act: (store) => store.remove(PART), returns: undefined, leaves: { [STATE]: long('2') } },
  put(long('c'), 'created', { [PART]: long('c'), [STATE]: long('2') }),
];

/** Takes the steps from `from` on. @returns how many of all are done; stops at the first one that did something else */
export async function takeSteps(store: FolderObjectStore, from: number, onDone: (done: number) => void): Promise<void> {
  for (const [index, { act, returns }] of STEPS.entries()) {
    if (index < from) continue;
    const returned = await act(store);
    if (JSON.stringify(returned) !== JSON.stringify(returns))
      throw new Error(`step ${index} returned ${JSON.stringify(returned)} instead of ${JSON.stringify(returns)}`);
    onDone(index + 1);
  }
}

/** What the folder holds, for whoever lists and gets, and for whoever looks at its files. */
async function readObjects(folder: string, store: FolderObjectStore): Promise<Objects> {
  const keys = await store.list('');
  const found = await Promise.all(keys.map(async (key) => [key, textOf(await store.get(key)) ?? 'missing'] as const));
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
  const seen = paths.map((path) => path.slice(folder.length + 1)).filter((path) => !path.startsWith(STATE_FOLDER));
  if (seen.toSorted().join() !== keys.toSorted().join())
    throw new Error(`listed ${keys.join()}, there are ${seen.join()}`);
  return Object.fromEntries(found);
}

/** What the next process finds, which takes the steps that are left. @param done how many steps the dead one finished */
export async function checkFolder(folder: string, done: number): Promise<void> {
  const store = await FolderObjectStore.open(folder);
  try {
    const found = await readObjects(folder, store);
    const isAfter = (count: number) => isSame(found, STEPS[count - 1]?.leaves ?? {});
    if (!isAfter(done) && !(done < STEPS.length && isAfter(done + 1)))
      throw new Error(`after ${done} steps it holds ${inShort(found)}`);
    await takeSteps(store, isAfter(done) ? done : done + 1, () => undefined);
    const left = await readObjects(folder, store);
    if (!isSame(left, STEPS.at(-1)?.leaves ?? {})) throw new Error(`in the end it holds ${inShort(left)}`);
  } finally {
    store.close();
  }
}

function isSame(one: Objects, other: Objects): boolean {
  const sorted = (objects: Objects) => JSON.stringify(Object.entries(objects).toSorted());
  return sorted(one) === sorted(other);
}

function inShort(objects: Objects): string {
  const parts = Object.entries(objects).map(([key, body]) => `${key} (${body.length} bytes of ${body[0]})`);
  return parts.join(', ') || 'nothing';
}

/** Takes all steps in a new folder, in a life that ends at `dies_at`. */
async function dieAt(dies_at?: Point): Promise<Life> {
  const folder = await mkdtemp(join(tmpdir(), 'bronze-crash-'));
  const life = new Life(dies_at && { dies_at });
  let done = 0;
  try {
    await life.run(async () => {
      const store = await FolderObjectStore.open(folder);
      await takeSteps(store, 0, (count) => (done = count));
      store.close();
    });
    await checkFolder(folder, done);
    return life;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Other processes open the folder, list and close it again, before each call of one that lives. */
async function withVisitors(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bronze-crash-'));
  const meanwhile = async () => {
    const visitor = await FolderObjectStore.open(folder);
    await readObjects(folder, visitor);
    visitor.close();
  };
  try {
    await new Life({ meanwhile }).run(async () => {
      const store = await FolderObjectStore.open(folder);
      await takeSteps(store, 0, () => undefined);
      store.close();
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** One process puts and counts while another does the same and dies. */
async function raceAt(dies_at?: Point): Promise<Life> {
  const folder = await mkdtemp(join(tmpdir(), 'bronze-crash-'));
  const life = new Life(dies_at && { dies_at });
  const counted = { dying: 0, living: 0 };
  const puts: Record<string, string | undefined> = {};
  const work = (who: 'dying' | 'living') => async () => {
    const store = await FolderObjectStore.open(folder);
    puts[who] = await store.putIfAbsent(PART, Buffer.from(long(who)));
    while (counted[who] < 2) {
      const found = await store.get(STATE);
      const next = Buffer.from(String(Number(textOf(found) ?? 0) + 1));
      if (await store.replace(STATE, next, found?.etag)) counted[who] += 1;
    }
    store.close();
  };
  try {
    await Promise.all([life.run(work('dying')), work('living')()]);
    const store = await FolderObjectStore.open(folder);
    const { [PART]: part, [STATE]: count } = await readObjects(folder, store);
    store.close();
    const lost = counted.dying + counted.living - Number(count);
    if (lost > 0 || lost < (life.isDead ? -1 : 0)) throw new Error(`${lost} swaps are lost`);
    const winner = puts['living'] === 'created' ? 'living' : 'dying';
    if (part !== long(winner)) throw new Error(`${winner} created the part, which holds ${part?.slice(0, 6)}`);
    if (puts['living'] === puts['dying']) throw new Error(`both puts say ${puts['living']}`);
    return life;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A store in a folder: one process dies at each point, the next one finds each object whole, and goes on. */
export const folderStoreTrial: Trial = async (attempt) => {
  await attempt('with visitors', withVisitors);
  for (const die of [dieAt, raceAt]) {
    const survivor = await attempt(`${die.name}, nobody dies`, () => die());
    const calls = survivor?.calls ?? [];
    for (const point of pointsOf(calls)) await attempt(`${die.name}, ${describePoint(calls, point)}`, () => die(point));
  }
};
