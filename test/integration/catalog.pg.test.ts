import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetPartitionsCommand, GetTableCommand, GlueClient, UpdateTableCommand } from '@aws-sdk/client-glue';
import { SystemClock } from '@bronze/common/adapters/system-clock';
import { DEFAULT_NAMES } from '@bronze/common/load/catalog-names';
import { GlueTables } from '@bronze/writer/adapters/glue-tables';
import { type CatalogOutcome, syncCatalog } from '@bronze/writer/catalog/sync-catalog';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { execute, newDatabase } from '../database.ts';
import { AwsWorld, type Functions, lambdaContext } from './aws-world.ts';

const DatabaseName = 'aws-ecom-pipeline';
const schema = readFileSync(join(import.meta.dirname, '../../demo/src/shop/schema.sql'), 'utf8');

let url: string;
let world: AwsWorld;
let glue: GlueClient;
let functions: Functions;
let catalog: (event: unknown, context: ReturnType<typeof lambdaContext>) => Promise<readonly CatalogOutcome[]>;

beforeAll(async () => {
  url = await newDatabase(schema);
  await execute(
    url,
    `INSERT INTO customers
       SELECT n, 'c' || n, 'c', 'DE', NULL, true, '{}', '2026-01-01', '2026-01-01' FROM generate_series(1, 3) AS n;
     INSERT INTO products SELECT n, md5('' || n)::uuid, 'p', 1.25, NULL, '{}', '2026-01-01' FROM generate_series(1, 5) AS n;
     INSERT INTO orders (id, customer_id, status, currency, total, ordered_at, updated_at)
       SELECT n, 1, 'placed', 'EUR', 10.50, timestamptz '2026-01-01 12:00Z' + n % 2 * interval '1 day', '2026-01-05' FROM generate_series(1, 6) AS n`,
  );
  world = await AwsWorld.open(url);
  glue = new GlueClient(world.endpoint.client_config);
  const { handler: planner } = await import('@bronze/planner/handler');
  const { handler: extractor } = await import('@bronze/extractor/handler');
  const { handler: writer } = await import('@bronze/writer/handler');
  functions = { planner, extractor, writer } as unknown as Functions;
  ({ handler: catalog } = await import('@bronze/writer/catalog-handler'));
});

afterAll(() => world?.close());

async function load(entities: readonly string[], load_type: 'FULL' | 'INCREMENTAL' = 'INCREMENTAL'): Promise<void> {
  await functions.planner({ entities, load_type }, lambdaContext());
  await world.drain(functions);
}

async function sync(): Promise<Record<string, CatalogOutcome['status']>> {
  const outcomes = await catalog({}, lambdaContext());
  return Object.fromEntries(outcomes.map(({ table, status }) => [table, status]));
}

const tableOf = async (Name: string) => (await glue.send(new GetTableCommand({ DatabaseName, Name }))).Table;

async function columnsOf(table: string): Promise<Record<string, string | undefined>> {
  const columns = (await tableOf(table))?.StorageDescriptor?.Columns ?? [];
  return Object.fromEntries(columns.map(({ Name = '', Type }) => [Name, Type]));
}

async function partitionsOf(TableName: string, column?: string) {
  const { Partitions = [] } = await glue.send(new GetPartitionsCommand({ DatabaseName, TableName }));
  return Partitions.map(({ Values = [], StorageDescriptor }) => {
    const type = StorageDescriptor?.Columns?.find(({ Name }) => Name === column)?.Type;
    return [...Values.slice(TableName === 'data/bronze' ? 0 : 1), ...(column === undefined ? [] : [type])].join(' ');
  });
}

const today = () => new Date().toISOString().slice(0, 10);

test('before any load there are the tables of no entity, and it is said which entities have no load', async () => {
  expect(await sync()).toEqual({
    bronze_loads: 'synced',
    'logs/pipeline/ingestion': 'synced',
    'data/bronze': 'synced',
    ...Object.fromEntries(
      ['customers', 'products', 'orders', 'order_items', 'payments', 'shipments'].map((name) => [name, 'no_load']),
    ),
  });
  expect(await tableOf('data/bronze')).toMatchObject({
    PartitionKeys: [
      { Name: 'entity', Type: 'string' },
      { Name: 'ingestion_date', Type: 'date' },
      { Name: 'load_type', Type: 'string' },
    ],
    StorageDescriptor: { Location: 's3://shop-bronze/data/bronze/' },
  });
  expect(await tableOf('logs/pipeline/ingestion')).toMatchObject({
    PartitionKeys: [{ Name: 'date', Type: 'date' }],
    StorageDescriptor: { Columns: ['at', 'time', 'event', 'message'].map((Name) => ({ Name, Type: 'string' })) },
  });
  await expect(tableOf('orders')).rejects.toThrow('not found');
});

test('loads make tables with the columns that their files have, and a partition for each folder', async () => {
  await load(['customers', 'products', 'orders'], 'FULL');
  expect(await sync()).toMatchObject({
    customers: 'synced',
    products: 'synced',
    orders: 'synced',
    payments: 'no_load',
  });
  expect(await columnsOf('orders')).toMatchObject({
    id: 'bigint',
    total: 'decimal(12,2)',
    ordered_at: 'timestamp',
    note: 'string',
    _ingestion_ts: 'timestamp',
  });
  expect(await partitionsOf('orders')).toEqual(['full 2026-01-01', 'full 2026-01-02']);
  expect(await partitionsOf('products')).toEqual(['full']);
  expect(await partitionsOf('data/bronze')).toEqual(
    ['customers', 'products', 'orders'].map((entity) => `${entity} ${today()} full`),
  );
  expect(await sync()).toMatchObject({ customers: 'unchanged', 'data/bronze': 'unchanged', bronze_loads: 'unchanged' });
});

test('columns that change at the source widen, come, go and become text, and each partition keeps its own', async () => {
  await execute(
    url,
    `ALTER TABLE products ALTER id TYPE bigint, ALTER price TYPE text, ADD vip boolean; ALTER TABLE products RENAME title TO label;
     ALTER TABLE orders ALTER total TYPE numeric(16,4), DROP note;
     UPDATE products SET updated_at = '2026-02-01' WHERE id = 1; UPDATE orders SET updated_at = '2026-02-01' WHERE id = 1`,
  );
  await load(['products', 'orders']);
  expect(await sync()).toMatchObject({ products: 'synced', orders: 'synced', customers: 'unchanged' });
  expect(await columnsOf('products')).toMatchObject({
    id: 'bigint',
    price: 'string',
    vip: 'boolean',
    label: 'string',
    title: 'string',
  });
  expect(await partitionsOf('products', 'price')).toEqual(['full decimal(10,2)', 'incremental string']);
  expect(await columnsOf('orders')).toMatchObject({ total: 'decimal(16,4)', note: 'string' });
  const commented = (await tableOf('products'))?.StorageDescriptor?.Columns?.find(({ Name }) => Name === 'title');
  expect(commented?.Comment).toBe(`renamed to label on ${today()}`);
});

test('a table that somebody else changes meanwhile is read again, not overwritten', async () => {
  await execute(url, `UPDATE customers SET updated_at = now() WHERE id = 1`);
  await load(['customers']);
  const tables = new GlueTables(glue, { database: DatabaseName, bucket: 'shop-bronze' });
  const stale: boolean[] = [];
  const replace = tables.replace.bind(tables);
  tables.replace = async (table, version) => {
    if (stale.length === 0) await touch(table.name);
    stale.push(await replace(table, version));
    return stale.at(-1) ?? false;
  };
  const ports = { objects: world.objects, tables, clock: new SystemClock() };
  const request = { bucket: 'shop-bronze', names: DEFAULT_NAMES, entities: ['customers'] };
  const outcomes = await syncCatalog(ports, request);
  expect(outcomes.at(-1)).toMatchObject({ table: 'customers', status: 'synced' });
  expect(stale.slice(0, 2)).toEqual([false, true]);
  expect(await partitionsOf('customers')).toEqual(['full', 'incremental']);
});

/** Updates a table as it is. */
async function touch(name: string): Promise<void> {
  const table = await tableOf(name);
  await glue.send(new UpdateTableCommand({ DatabaseName, TableInput: { ...table, Name: name } }));
}

test('one table that fails does not keep back the others, fails the function, and is mended by its next run', async () => {
  await execute(url, `UPDATE customers SET updated_at = now(); UPDATE orders SET updated_at = now() WHERE id = 2`);
  await load(['customers', 'orders']);
  const before = (await tableOf('orders'))?.Parameters?.['bronze.records'];
  world.endpoint.faults = ({ action, name }) =>
    action === 'UpdateTable' && name.endsWith('.customers') ? 'denied' : undefined;
  await expect(sync()).rejects.toMatchObject({
    code: 'CATALOG_FAILING',
    message: expect.stringContaining(
      '1 of 9 tables failed, the first because: glue:UpdateTable on "aws-ecom-pipeline"."customers" is refused',
    ) as string,
  });
  expect((await tableOf('orders'))?.Parameters?.['bronze.records']).not.toBe(before);
  world.endpoint.faults = () => undefined;
  expect(await sync()).toMatchObject({ customers: 'synced', orders: 'unchanged' });
});

test('a table of that name that Bronze did not make is left alone', async () => {
  const { Parameters, ...table } = (await tableOf('orders')) ?? {};
  const foreign = { ...table, Name: 'orders', Parameters: { EXTERNAL: 'TRUE' } };
  await glue.send(new UpdateTableCommand({ DatabaseName, TableInput: foreign }));
  await expect(sync()).rejects.toThrow('there is a table orders that Bronze did not make');
  expect((await tableOf('orders'))?.Parameters).toEqual({ EXTERNAL: 'TRUE' });
  await glue.send(new UpdateTableCommand({ DatabaseName, TableInput: { ...foreign, Parameters } }));
});
