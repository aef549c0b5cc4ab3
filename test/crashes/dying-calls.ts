import { AsyncLocalStorage } from 'node:async_hooks';
import fs, { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { dirname, join } from 'node:path';
import { DatabaseSync, StatementSync } from 'node:sqlite';

/** Where a process dies: within its call number `call`, from 0. */
export interface Point {
  readonly call: number;
  /** 0: before the call has any effect. Then after each part of it, and after all of it. */
  readonly cut: number;
}

/** A call to the machine that a life made. */
export interface Call {
  readonly name: string;
  /** How many cuts it has: one if it only reads. */
  readonly cuts: number;
}

export interface Fate {
  /** Undefined: it survives. */
  readonly dies_at?: Point;
  /** What to do before playing dead, such as to kill this very process. */
  readonly onDeath?: () => void;
  /** What other processes do before each asynchronous call. */
  readonly meanwhile?: () => Promise<void>;
}

type Effect = () => unknown;

interface Asked {
  readonly name: string;
  readonly args: readonly unknown[];
  /** Does the call, with other arguments if they are given. */
  readonly act: (args?: readonly unknown[]) => unknown;
}

/** To die after such a call is to die before the next one. */
const ONLY_READS = /^(?:read|l?stat|exists|access|prepare|all|get)/;

const DEAD = new Error('this process is dead');
const lives = new AsyncLocalStorage<Life>();

/**
 * A process that may die, played within this one: all that runs in {@link Life.run} belongs to it. Once it is dead, none
 * of its calls to the machine has an effect: asynchronous ones never return, and synchronous ones throw, so that no
 * `finally` can clean up. Its database files are closed at once, as the operating system does, so it holds no lock.
 */
export class Life {
  readonly calls: Call[] = [];
  readonly #fate: Fate;
  readonly #databases = new Set<DatabaseSync>();
  readonly #died = Promise.withResolvers<undefined>();
  isDead = false;

  constructor(fate: Fate = {}) {
    this.#fate = fate;
  }

  /** @returns what `live` returns; undefined once this life is dead */
  async run<T>(live: () => Promise<T>): Promise<T | undefined> {
    const living = lives.run(this, live).catch((thrown: unknown) => {
      if (!this.isDead) throw thrown;
      return undefined;
    });
    return Promise.race([this.#died.promise, living]);
  }

  owns(database: DatabaseSync): void {
    this.#databases.add(database);
  }

  callSync(asked: Asked): unknown {
    if (this.isDead) throw DEAD;
    const effect = this.#fatalEffect(asked);
    if (!effect) return asked.act();
    effect();
    this.#die();
    throw DEAD;
  }

  async call(asked: Asked): Promise<unknown> {
    if (this.isDead) return new Promise(() => undefined);
    await lives.exit(async () => this.#fate.meanwhile?.());
    const effect = this.#fatalEffect(asked);
    if (!effect) return asked.act();
    await effect();
    this.#die();
    return new Promise(() => undefined);
  }

  /** What still happens of the call before the process dies in it. Undefined: it survives the call. */
  #fatalEffect({ name, args, act }: Asked): Effect | undefined {
    const effects: Effect[] = [() => undefined, ...lives.exit(() => partsOf(name, args, act))];
    if (!ONLY_READS.test(name)) effects.push(() => act());
    const number = this.calls.push({ name, cuts: effects.length }) - 1;
    const { dies_at } = this.#fate;
    return number === dies_at?.call ? effects[dies_at.cut] : undefined;
  }

  #die(): void {
    this.#fate.onDeath?.();
    this.isDead = true;
    // SQLite rolls back what was not committed.
    for (const database of this.#databases) if (database.isOpen) close.call(database);
    this.#died.resolve(undefined);
  }
}

/** Every point at which a life that made these calls could have died. */
export function pointsOf(calls: readonly Call[]): Point[] {
  return calls.flatMap(({ cuts }, call) => Array.from({ length: cuts }, (_, cut) => ({ call, cut })));
}

export function describePoint(calls: readonly Call[], { call, cut }: Point): string {
  return `in call ${call} (${calls[call]?.name}), at cut ${cut} of ${calls[call]?.cuts}`;
}

/** Effects that the operating system may leave of a call that is several system calls, or a long write. */
function partsOf(name: string, args: readonly unknown[], act: Asked['act']): Effect[] {
  const [path, data] = args;
  if (/^(?:write|append)File/.test(name) && typeof path === 'string' && data instanceof Uint8Array) {
    return [0, data.length / 2].map((length) => () => act([path, data.subarray(0, length), ...args.slice(2)]));
  }
  if (/^mkdir(?:Sync)?$/.test(name) && typeof path === 'string' && !existsSync(dirname(path))) {
    return [() => mkdirSync(outermostMissing(path))];
  }
  const inside = /^rm(?:Sync)?$/.test(name) && typeof path === 'string' ? namesIn(path) : [];
  return inside.slice(0, 1).map((first) => () => rmSync(join(String(path), first), { recursive: true }));
}

function outermostMissing(path: string): string {
  return existsSync(dirname(path)) ? path : outermostMissing(dirname(path));
}

function namesIn(folder: string): string[] {
  return fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(folder) : [];
}

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Replaces a method by one that asks the life that calls it, if one does. */
function guard(owner: object, name: string, kind: 'call' | 'callSync'): void {
  const original = Reflect.get(owner, name) as Method;
  const guarded: Method = function guarded(...args) {
    const life = lives.getStore();
    if (!life) return original.apply(this, args);
    if (this instanceof DatabaseSync) life.owns(this);
    // What the call itself calls is no call of its own.
    const act: Asked['act'] = (other = args) => lives.exit(() => original.apply(this, [...other]));
    return life[kind]({ name, args, act });
  };
  Object.defineProperty(owner, name, { value: guarded, configurable: true, writable: true });
}

const close = DatabaseSync.prototype.close;

/** Makes every call to `node:fs`, its promises and `node:sqlite` in this thread a point to die at. Call it once. */
export function guardCalls(): void {
  const functionsOf = (owner: object) =>
    Object.keys(owner).filter((name) => /^[a-z]/.test(name) && typeof Reflect.get(owner, name) === 'function');
  for (const name of functionsOf(fs.promises)) guard(fs.promises, name, 'call');
  for (const name of functionsOf(fs)) if (name.endsWith('Sync')) guard(fs, name, 'callSync');
  for (const name of ['exec', 'prepare', 'close']) guard(DatabaseSync.prototype, name, 'callSync');
  for (const name of ['run', 'all', 'get']) guard(StatementSync.prototype, name, 'callSync');
  syncBuiltinESMExports();
}
