import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Config, defineConfig } from '@bronze/common/config';
import type { PipelineEvent } from '@bronze/common/load/events';
import { type EntityResult, runLocally } from '@bronze/runner/run-locally';
import { queryParquet } from '@bronze/writer/adapters/duckdb-reader.fixtures';
import { expect } from 'vitest';
import { filesOf } from '../bronze-folder.ts';
import { execute, newDatabase, newFolder, textRows } from '../database.ts';
import { hasGermanLocale, ownServer } from './own-server.ts';
import type { RunStep, Scenario, ServerModule, Settings, Shown, Step } from './scenario.ts';
import { CaseClock, startApi } from './served-api.ts';

/** Between two runs, so that they ask for different loads. Nobody waits for it. */
const SECONDS_BETWEEN_RUNS = 60;

interface World {
  readonly folder: string;
  readonly out: string;
  readonly config: Config;
  readonly clock: CaseClock;
  /** Where a superuser reads and changes the database; undefined for a case of an API. */
  readonly database: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  /** Whatever was said or returned. */
  readonly said: unknown[];
  /** Where each entity's checkpoint was after the run before. */
  readonly checkpoints: Map<string, string>;
  readonly close: () => Promise<void>;
}

/** Why this machine can't play a scenario, if so. */
export async function reasonToSkip({ server }: Scenario): Promise<string | undefined> {
  const isMissing = server === 'german' && !(await hasGermanLocale());
  return isMissing ? 'localedef can’t make the locale de_DE here: install locales' : undefined;
}

/** Plays a scenario of a case's folder from its set-up to its last step, and expects what each step shows. */
export async function expectScenario(folder: string, scenario: Scenario): Promise<void> {
  const world = await open(folder, scenario);
  try {
    for (const step of scenario.steps) await play(world, step);
    const everything = `${JSON.stringify(world.said)} ${await everythingIn(world.out)}`;
    for (const secret of scenario.never ?? []) expect(everything).not.toContain(secret);
  } finally {
    await world.close();
  }
}

async function open(folder: string, { role, server }: Scenario): Promise<World> {
  const { default: config } = (await import(join(folder, 'bronze.config.ts'))) as { default: Config };
  const clock = new CaseClock();
  const known = { folder, config, clock, out: await newFolder(), said: [], checkpoints: new Map<string, string>() };
  if (existsSync(join(folder, 'server.ts'))) {
    const { serve } = (await import(join(folder, 'server.ts'))) as ServerModule;
    const { url, stop } = await startApi(serve(clock), clock);
    return { ...known, database: undefined, environment: { API_URL: url }, close: stop };
  }
  const setup = await readFile(join(folder, 'setup.sql'), 'utf8');
  const database = await newDatabase(setup, server && (await ownServer()).url());
  const login = new URL(database);
  if (role !== undefined) [login.username, login.password] = [role, role];
  return { ...known, database, environment: { DATABASE_URL: login.href }, close: async () => undefined };
}

async function play(world: World, step: Step): Promise<void> {
  if ('sql' in step) {
    const sql = step.sql.endsWith('.sql') ? await readFile(join(world.folder, step.sql), 'utf8') : step.sql;
    await execute(world.database ?? '', sql);
  } else if ('get' in step) {
    await fetch(new URL(step.get, world.environment['API_URL']));
  } else {
    const results = await run(world, step.run);
    for (const [entity, shown] of Object.entries(step.shows)) await expectShown(world, entity, results, shown);
  }
}

async function run(world: World, settings: RunStep['run'] = {}): Promise<readonly EntityResult[]> {
  const { clock, out, database } = world;
  clock.advance(SECONDS_BETWEEN_RUNS);
  const environment = { ...world.environment };
  if (settings.url) environment['DATABASE_URL'] = settings.url(new URL(environment['DATABASE_URL'] ?? ''));
  const log = { event: (event: PipelineEvent) => void world.said.push(event) };
  const options = { config: withSettings(world.config, settings.config), out_dir: out, environment, log } as const;
  const { results } = await runLocally(
    { ...options, engine: 'duckdb', ...(database === undefined && { clock }) },
    { ...settings, stop: new AbortController().signal },
  );
  world.said.push(results);
  return results;
}

/** The configuration with more settings, checked anew. */
function withSettings(config: Config, settings: Settings = {}): Config {
  const merged = (kind: keyof Settings) =>
    Object.entries(config[kind]).map(([name, one]) => [name, { ...one, ...settings[kind]?.[name] }] as const);
  const input = { sources: Object.fromEntries(merged('sources')), entities: Object.fromEntries(merged('entities')) };
  return defineConfig(input);
}

async function expectShown(
  world: World,
  entity: string,
  results: readonly EntityResult[],
  shown: Shown,
): Promise<void> {
  const result = results.find((one) => one.entity === entity);
  const { loads = [], failure } = result ?? {};
  expect({ entity, ends: failure?.code ?? result?.status, failure }).toMatchObject({
    entity,
    ends: shown.fails ?? 'completed',
  });
  if (shown.says) expect(`${failure?.message} ${failure?.hint}`).toMatch(shown.says);
  const sum = (name: 'rows_in_bronze' | 'rows_quarantined') => loads.reduce((all, load) => all + load[name], 0);
  if (shown.rows !== undefined) expect({ entity, rows: sum('rows_in_bronze') }).toEqual({ entity, rows: shown.rows });
  if (shown.quarantined !== undefined) {
    expect({ entity, quarantined: sum('rows_quarantined') }).toEqual({ entity, quarantined: shown.quarantined });
  }
  if (shown.moves !== undefined) {
    const moves = (result?.checkpoint?.last_sync_timestamp ?? '') > (world.checkpoints.get(entity) ?? '');
    expect({ entity, moves }).toEqual({ entity, moves: shown.moves });
  }
  world.checkpoints.set(entity, result?.checkpoint?.last_sync_timestamp ?? '');
  if (shown.record) expect(loads.at(-1)).toMatchObject(shown.record);
  await expectInBronze(world, entity, shown);
}

async function expectInBronze(world: World, entity: string, { bronze = [], event_dates }: Shown): Promise<void> {
  const files = await filesOf(world.out, entity);
  for (const [query, gives] of bronze) {
    const rows = files.length === 0 ? [] : (await queryParquet(files, query)).map((row) => Object.values(row));
    const expected =
      'source' in gives ? (await textRows(world.database ?? '', gives.source)).map((row) => Object.values(row)) : gives;
    expect(rows, `${entity}: ${query}`).toEqual(expected);
  }
  if (event_dates) {
    const levels = files.map((file) => /\/event_date=([^/]*)\//.exec(file)?.[1] ?? 'none');
    expect([...new Set(levels)].toSorted(), entity).toEqual([...event_dates].toSorted());
  }
}

/** The contents of all files that the runs have left behind. */
async function everythingIn(out: string): Promise<string> {
  const entries = await readdir(out, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return (await Promise.all(files.map((file) => readFile(file, 'latin1')))).join('\n');
}
