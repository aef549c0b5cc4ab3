/** A random world: what was configured, what happens before and during each run, and what the command said of it. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '@bronze/cli/commands/run-command';
import { quarantineAcknowledgeCommand, quarantineListCommand } from '@bronze/cli/commands/quarantine-command';
import { statusCommand } from '@bronze/cli/commands/status-command';
import { loadConfig } from '@bronze/cli/config-file';
import { capturing } from '@bronze/cli/terminal/fake-terminal.fixtures';
import { SystemClock } from '@bronze/common/adapters/system-clock';
import { timestamp } from '@bronze/common/words/timestamp';
import { type RunReport, runLocally } from '@bronze/runner/run-locally';
import { vi } from 'vitest';
import { CaseClock } from '../cases/served-api.ts';
import { newFolder } from '../database.ts';
import { Random } from '../random.ts';
import { changeList, drawList, type Mood, Shop } from './shop.ts';
import { configText, type Entity, SOURCES, urlOf } from './shop-config.ts';

/** A message that waits half a minute for its next delivery is looked for every 20 ms: no test waits for that. */
const QUEUE_STEP_MS = 500;

/** What happens in one run. */
export interface Turn {
  /** Empty: all. */
  readonly names: readonly string[];
  readonly isFull: boolean;
  readonly allowsQuarantine: boolean;
  readonly output: 'table' | 'json';
  /** A source whose URL is not set. */
  readonly unset: string | undefined;
  /** The request to the API at which Ctrl-C is pressed. */
  readonly interrupted_at: number | undefined;
  /** Another run on the same folder, which lacks the environment: before this one, or while it reads. */
  readonly foreign: 'none' | 'before' | 'during';
  /** The request to the API at which it begins, if it is during this one. */
  readonly foreign_at: number;
  readonly foreign_names: readonly string[];
}

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Played extends Turn {
  readonly asked: readonly Entity[];
  readonly began_ms: number;
  readonly ended: Ended;
  /** Whether Ctrl-C was pressed before the run was over. */
  readonly isInterrupted: boolean;
  readonly foreignRun: RunReport | undefined;
  /** Entities whose foreign request waited for this run's load. */
  readonly waited: ReadonlySet<string>;
}

export class World {
  readonly random: Random;
  readonly clock = new CaseClock();
  readonly shop = new Shop(this.clock);
  readonly entities: readonly Entity[];
  readonly misfits: number;
  out = '';
  config = '';

  private constructor(seed: number) {
    this.random = new Random(seed);
    const { random } = this;
    this.misfits = random.pick([0, 0, 0.1, 0.3]);
    this.entities = Array.from({ length: random.between(2, 3) }, (_, n) => ({
      name: `list_${n}`,
      source: random.pick(SOURCES),
      hasCursor: random.chance(0.75),
      isAskedSince: random.chance(0.5),
      isFreshWithin90m: random.chance(0.4),
      allowsQuarantine: random.chance(0.2),
    }));
    for (const { name } of this.entities) this.shop.lists.set(name, drawList(random, this.now_ms, this.misfits));
  }

  static async open(seed: number): Promise<World> {
    const world = new World(seed);
    world.out = await newFolder();
    world.config = join(world.out, 'shop.config.mjs');
    await world.shop.open();
    await writeFile(world.config, configText(world.entities));
    // Of the two, DuckDB takes ten times as long to start as these worlds have work for it.
    vi.stubEnv('PARQUET_ENGINE', world.random.chance(0.15) ? 'duckdb' : 'parquetjs-lite');
    // A crowded one is searched by each run for what killed ones have left.
    vi.stubEnv('TMPDIR', world.out);
    vi.stubEnv('COLUMNS', undefined);
    vi.spyOn(SystemClock.prototype, 'now').mockImplementation(() => {
      world.clock.advance(0.001);
      return timestamp(world.clock.ago(0));
    });
    vi.spyOn(SystemClock.prototype, 'sleep').mockImplementation((duration_ms) => world.clock.sleep(duration_ms));
    let queue_ms = Date.now();
    vi.spyOn(Date, 'now').mockImplementation(() => (queue_ms += QUEUE_STEP_MS));
    return world;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    await this.shop.close();
    await rm(this.out, { recursive: true });
  }

  get now_ms(): number {
    return Date.parse(this.clock.ago(0));
  }

  /** Hours pass, to the full second: an API's `Date` has no fractions. */
  pass(hours: number): void {
    this.clock.advance(hours * 3600 + ((1000 - (this.now_ms % 1000)) % 1000) / 1000);
  }

  /** Draws the next turn, and lets time pass and lists change before it. */
  next(isFirst: boolean): Turn {
    const { random, shop } = this;
    this.pass(random.between(1, 3));
    for (const { name } of this.entities) {
      if (!isFirst) changeList(random, shop.list(name), this.now_ms - 1000, this.misfits);
    }
    const isInterrupted = random.chance(0.2);
    for (const { name } of this.entities) {
      const moods = isInterrupted
        ? { well: 9, denied: 1 }
        : { well: 70, flaky: 6, failing: 8, denied: 8, denied_later: 8 };
      shop.moods.set(name, random.weighted<Mood>(moods as Record<Mood, number>));
    }
    const some = () => this.entities.flatMap(({ name }) => (random.chance(0.5) ? [name] : []));
    const foreign = random.weighted({ none: 7, before: 2, during: 2 });
    return {
      names: random.chance(0.3) ? some() : [],
      isFull: random.chance(0.2),
      allowsQuarantine: random.chance(0.2),
      output: random.pick(['table', 'json']),
      unset: !isInterrupted && random.chance(0.1) ? random.pick(SOURCES) : undefined,
      interrupted_at: isInterrupted ? random.between(1, 8) : undefined,
      foreign,
      // After Ctrl-C it might go on with what this run leaves.
      foreign_at: isInterrupted ? 1 : random.between(1, 4),
      foreign_names: foreign === 'none' ? [] : [...new Set([random.pick(this.entities).name, ...some()])],
    };
  }

  /** @param busy entities with a pending load: a run without the environment may write what is left of one */
  async play(drawn: Turn, busy: readonly string[]): Promise<Played> {
    const { shop, entities } = this;
    const foreign_names = drawn.foreign_names.filter((name) => !busy.includes(name));
    const turn = { ...drawn, foreign_names, foreign: foreign_names.length > 0 ? drawn.foreign : 'none' } as const;
    for (const source of SOURCES) vi.stubEnv(urlOf(source), source === turn.unset ? undefined : shop.url);
    let foreignRun: Promise<RunReport> | undefined;
    const waited = new Set<string>();
    const beginForeign = () => (foreignRun ??= this.#foreignRun(turn.foreign_names, waited));
    if (turn.foreign === 'before') await beginForeign();
    this.pass(0);
    shop.beginRun();
    let isInterrupted = false;
    shop.onRequest = async (number) => {
      // Nothing is answered until the other run has failed, or waits for this one.
      if (turn.foreign === 'during' && number >= turn.foreign_at)
        await Promise.race([beginForeign(), untilSome(waited)]);
      if (number !== turn.interrupted_at) return;
      isInterrupted = true;
      pressCtrlC();
    };
    const began_ms = this.now_ms;
    const { isFull: full, allowsQuarantine: allowQuarantine, output, names } = turn;
    const { out, config } = this;

    const ended = await said(() => runCommand(names, { config, out, full, allowQuarantine, output, retryFor: 0 }));
    const asked = names.length > 0 ? entities.filter(({ name }) => names.includes(name)) : entities;
    return { ...turn, asked, began_ms, ended, isInterrupted, waited, foreignRun: await foreignRun };
  }

  /** A run without the environment that says where the sources are. */
  async #foreignRun(names: readonly string[], waited: Set<string>): Promise<RunReport> {
    const config = await loadConfig(this.config);
    const log = {
      event: ({ kind, entity }: { kind: string; entity: string }) => void (kind === 'load_left' && waited.add(entity)),
    };
    const options = { config, out_dir: this.out, engine: 'duckdb', environment: {}, log } as const;
    return runLocally(options, { stop: new AbortController().signal, entities: names });
  }

  status(output: 'table' | 'json', allowQuarantine: boolean): Promise<Ended> {
    const { out, config } = this;
    return said(() => statusCommand([], { out, config, allowQuarantine, output }));
  }

  quarantineList(): Promise<Ended> {
    return said(() => quarantineListCommand([], { out: this.out, output: 'json' }));
  }

  acknowledge(entity: string): Promise<Ended> {
    return said(() => quarantineAcknowledgeCommand(entity, { out: this.out, output: 'table' }));
  }
}

/** What a command says where nothing is a terminal. */
async function said(command: () => Promise<number>): Promise<Ended> {
  let code = -1;
  const { stdout, stderr } = await capturing(undefined, async () => void (code = await command()));
  return { code, stdout, stderr };
}

function pressCtrlC(): void {
  const [heard] = process.listeners('SIGINT').slice(-1);
  heard?.('SIGINT');
}

async function untilSome(set: ReadonlySet<string>): Promise<void> {
  while (set.size === 0) await new Promise((resolve) => setTimeout(resolve, 2));
}
