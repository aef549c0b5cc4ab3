import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Bundle, bundleFunction, bundleHandler } from '@bronze/constructs/bundle';
import { FUNCTION_NAMES } from '@bronze/constructs/function-names';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { execute, newDatabase } from '../database.ts';
import { AwsWorld, type Functions, lambdaContext, SHOP_KEY } from '../integration/aws-world.ts';

const ROOT = join(import.meta.dirname, '../..');
const NAMES = [...FUNCTION_NAMES, 'api'] as const;
type Name = (typeof NAMES)[number];
const bundles = new Map<Name, Bundle>();
let world: AwsWorld;

beforeAll(async () => {
  const out = await mkdtemp(join(tmpdir(), 'bronze-bundles-'));
  const target = { cpu: process.arch, out, config: join(ROOT, 'bronze.config.ts') };
  for (const name of FUNCTION_NAMES) bundles.set(name, await bundleFunction(name, target));
  bundles.set('api', await bundleHandler({ name: 'api', entry: join(ROOT, 'demo/source-api/handler.ts') }, target));
  const url = await newDatabase(await readFile(join(ROOT, 'demo/src/shop/schema.sql'), 'utf8'));
  await execute(
    url,
    `INSERT INTO products SELECT n, md5('' || n)::uuid, 'p', n / 100.0, NULL, '{}', '2026-01-01' FROM generate_series(1, 500) AS n`,
  );
  world = await AwsWorld.open(url);
});

afterAll(() => world.close());

const fileOf = (name: Name) => pathToFileURL(join(bundles.get(name)?.folder ?? '', 'index.mjs')).href;

async function handlerOf(name: Name): Promise<unknown> {
  const module = (await import(fileOf(name))) as { handler: unknown };
  return module.handler;
}

test('each deployed bundle loads and is smaller than Lambda’s limit; its cold start is printed', () => {
  const report = NAMES.map((name) => {
    const script = `const t = performance.now(); await import(${JSON.stringify(fileOf(name))}); console.log(performance.now() - t); process.exit()`;
    const cold_ms = Number(execFileSync(process.execPath, ['--input-type=module', '-e', script]).toString());
    return {
      name,
      cold_start_ms: Math.round(cold_ms),
      unzipped_mb: Math.round((bundles.get(name)?.bytes ?? 0) / 1e5) / 10,
    };
  });
  process.stdout.write(`${report.map((one) => JSON.stringify(one)).join('\n')}\n`);
  for (const { unzipped_mb } of report) expect(unzipped_mb).toBeLessThan(250);
});

test('the deployed bundles ingest a table and a list of the API into bronze', async () => {
  const functions = {
    planner: await handlerOf('planner'),
    extractor: await handlerOf('extractor'),
    writer: await handlerOf('writer'),
  } as unknown as Functions;
  const { planned } = await functions.planner({ entities: ['products', 'shipments'] }, lambdaContext());
  expect(planned).toHaveLength(2);
  await world.drain(functions);
  expect(await world.record('products')).toMatchObject({
    status: 'completed',
    rows: 500,
    engines: [{ name: 'duckdb' }],
  });
  expect(await world.record('shipments')).toMatchObject({ status: 'completed', rows: 14_304 });
  expect(await world.rows('products')).toHaveLength(500);
});

test('the deployed bundle of the API checks its callers’ key against the secret', async () => {
  const api = (await handlerOf('api')) as (event: object) => Promise<{ statusCode: number; body: string }>;
  const event = { path: '/payments', queryStringParameters: { limit: '2', offset: '0' } };
  expect(await api({ ...event, headers: {} })).toMatchObject({ statusCode: 403 });
  expect(await api({ ...event, headers: { 'x-api-key': 'wrong' } })).toMatchObject({ statusCode: 403 });
  expect(await api({ ...event, headers: null })).toMatchObject({ statusCode: 403 });
  const answer = await api({ ...event, headers: { 'X-Api-Key': SHOP_KEY } });
  expect(answer.statusCode).toBe(200);
  expect((JSON.parse(answer.body) as { data: object[] }).data).toHaveLength(2);
});
