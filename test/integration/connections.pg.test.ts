import { createServer, type Socket, connect } from 'node:net';
import { type Config, defineConfig } from '@bronze/common/config';
import type { PipelineEvent } from '@bronze/common/load/events';
import { runLocally } from '@bronze/runner/run-locally';
import { expect, onTestFinished, test } from 'vitest';
import { execute, newDatabase, newFolder, serverUrl } from '../database.ts';
import { startRestartingPostgres } from '../restarting-postgres.ts';

const SIX = ['t1', 't2', 't3', 't4', 't5', 't6'];
const SIX_TABLES = SIX.map(
  (
    name,
  ) => `CREATE TABLE ${name} (id int PRIMARY KEY, updated_at timestamptz NOT NULL DEFAULT now() - interval '5 min');
    INSERT INTO ${name} SELECT g FROM generate_series(1, 1000) g;`,
).join('\n');

interface Running {
  readonly config: Config;
  readonly retry_for_ms?: number;
  readonly stop?: AbortController;
  readonly onEvent?: (event: PipelineEvent) => void;
}

async function run({ config, retry_for_ms, stop = new AbortController(), onEvent }: Running) {
  const events: PipelineEvent[] = [];
  const log = {
    event: (event: PipelineEvent) => {
      events.push(event);
      onEvent?.(event);
    },
  };
  const out_dir = await newFolder();
  const report = await runLocally(
    { config, out_dir, engine: 'duckdb', environment: {}, log, retry_for_ms },
    { stop: stop.signal },
  );
  const failed = events.filter((event) => event.kind === 'message_failed');
  return { events, failed, results: report.results };
}

const tablesOf = (source: string, names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, { source, table: `public.${name.replace(/^.*_/, '')}` }]));

/** The database of the six tables as a role that may have one connection sees it. */
async function narrowDatabase(): Promise<URL> {
  const url = new URL(await newDatabase(SIX_TABLES));
  const role = `narrow_${process.pid}_${Date.now()}`;
  await execute(serverUrl(), `CREATE ROLE ${role} LOGIN PASSWORD 'narrow' CONNECTION LIMIT 1`);
  await execute(url.href, `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`);
  url.username = role;
  url.password = 'narrow';
  return url;
}

/** Counts the connections that reach the server. */
async function counting(url: URL): Promise<{ url: string; count: () => number }> {
  let count = 0;
  const server = createServer((client: Socket) => {
    count += 1;
    const upstream = connect(Number(url.port), url.hostname);
    for (const socket of [client, upstream]) socket.on('error', () => client.destroy());
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  const through = new URL(url);
  through.port = String(address !== null && typeof address === 'object' ? address.port : 0);
  return { url: through.href, count: () => count };
}

test.each([
  ['set to one', { max_connections: 1 }],
  ['not set', {}],
])('a role with one connection reads six tables, max_connections %s', async (_, setting) => {
  const url = await narrowDatabase();
  const config = defineConfig({
    sources: { db: { type: 'postgres', url: url.href, ...setting } },
    entities: tablesOf('db', SIX),
  });
  const { results, failed } = await run({ config });
  expect(results.map(({ status, loads }) => [status, loads[0]?.rows])).toEqual(SIX.map(() => ['completed', 1000]));
  expect(failed).toEqual([]);
});

test('a wrong password reaches the server once in a run of six tables, and fails each of them', async () => {
  const url = await narrowDatabase();
  url.password = 'wrong';
  const proxy = await counting(url);
  const config = defineConfig({
    sources: { db: { type: 'postgres', url: proxy.url } },
    entities: tablesOf('db', SIX),
  });
  const { results } = await run({ config });
  expect(results.map(({ entity, status }) => `${entity} ${status}`)).toEqual(SIX.map((name) => `${name} failed`));
  expect(new Set(results.map(({ failure }) => JSON.stringify(failure))).size).toBe(1);
  expect(results[0]?.failure).toMatchObject({
    code: 'SOURCE_DENIED',
    message: `connecting to db: password authentication failed for user "${url.username}" (SQLSTATE 28P01)`,
  });
  expect(proxy.count()).toBe(1);
});

test('L7: entities of a source that is away delay no other, and Ctrl-C ends their wait', async () => {
  const url = await newDatabase(SIX_TABLES);
  const config = defineConfig({
    sources: {
      away: { type: 'postgres', url: 'postgresql://u:p@127.0.0.1:1/none' },
      there: { type: 'postgres', url },
    },
    entities: { ...tablesOf('away', ['a_t1', 'a_t2', 'a_t3', 'a_t4']), ...tablesOf('there', SIX) },
  });
  const stop = new AbortController();
  let completed = 0;
  const onEvent = ({ kind }: PipelineEvent) => {
    if (kind === 'load_completed') completed += 1;
    if (completed === SIX.length) stop.abort();
  };
  const { results, failed, events } = await run({ config, retry_for_ms: 3_600_000, stop, onEvent });
  const statuses = Object.fromEntries(results.map(({ entity, status }) => [entity, status]));
  expect(statuses).toMatchObject({ a_t1: 'interrupted', a_t4: 'interrupted', t1: 'completed', t6: 'completed' });
  expect(failed).toEqual([]);
  expect(events.filter(({ kind }) => kind === 'source_waiting')).toHaveLength(1);
});

test('a reading that a restart of the server interrupts goes on from where it was', async () => {
  const server = await startRestartingPostgres();
  await execute(
    server.url,
    `CREATE TABLE big (id int PRIMARY KEY, updated_at timestamptz NOT NULL DEFAULT now() - interval '5 min', note text);
     INSERT INTO big (id, note) SELECT g, repeat('x', 200) FROM generate_series(1, 100000) g; CHECKPOINT`,
  );
  const config = defineConfig({
    sources: { db: { type: 'postgres', url: server.url } },
    entities: { big: { source: 'db', table: 'public.big', batch_rows: 2000 } },
  });
  let batches = 0;
  const onEvent = ({ kind }: PipelineEvent) => {
    if (kind === 'batch_staged' && (batches += 1) === 2) server.crash();
    if (kind === 'source_waiting') server.start();
  };
  const { results, failed, events } = await run({ config, onEvent });
  expect(results).toMatchObject([{ status: 'completed', loads: [{ rows: 100_000 }] }]);
  expect(failed).toEqual([]);
  const staged = events.filter((event) => event.kind === 'batch_staged');
  expect(staged.reduce((sum, { rows }) => sum + rows, 0)).toBe(100_000);
  expect(events.filter(({ kind }) => kind === 'source_reached')).toHaveLength(1);
});
