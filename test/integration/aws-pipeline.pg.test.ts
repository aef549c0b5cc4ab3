import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readLoadRecord } from '@bronze/common/load/load-record';
import { CHECKPOINTS_KEY, measuredKey } from '@bronze/common/load/object-keys';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bronze } from '../command.ts';
import { execute, newDatabase, textRows } from '../database.ts';
import { AwsWorld, type Functions, lambdaContext, SHOP_KEY } from './aws-world.ts';
import { mismatches } from './rights/mismatches.ts';
import { CallRecorder } from './rights/recorded-calls.ts';

const shopSql = (name: string) => readFileSync(join(import.meta.dirname, `../../demo/src/shop/${name}.sql`), 'utf8');
const SCHEDULED = { scheduled_time: '2026-11-22T02:00:00Z' };

let url: string;
let world: AwsWorld;
let functions: Functions;
let catalog: (event: unknown, context: ReturnType<typeof lambdaContext>) => Promise<unknown>;
let recorder: CallRecorder;

beforeAll(async () => {
  url = await newDatabase(shopSql('schema'));
  await execute(url, shopSql('data'));
  world = await AwsWorld.open(url);
  const { handler: planner } = await import('@bronze/planner/handler');
  const { handler: freshness } = await import('@bronze/planner/freshness-handler');
  const { handler: extractor } = await import('@bronze/extractor/handler');
  const { handler: writer } = await import('@bronze/writer/handler');
  const { handler: catalogHandler } = await import('@bronze/writer/catalog-handler');
  const found = { planner, freshness, extractor, writer } as unknown as Functions;
  recorder = new CallRecorder(world.endpoint);
  functions = {
    planner: recorder.under('planner', found.planner),
    freshness: recorder.under('freshness', found.freshness),
    extractor: recorder.under('extractor', found.extractor),
    writer: recorder.under('writer', found.writer),
  };
  catalog = recorder.under('catalog', catalogHandler);
});

afterAll(async () => {
  recorder.stop();
  await world.close();
});

/** What only trouble makes the functions do. */
async function haveTrouble(): Promise<void> {
  // A value that does not fit its type goes to quarantine, and a put that nobody answers is read back.
  const { until: updated_at = '' } = (await world.record('payments')) ?? {};
  for (const [id, amount] of [
    ['fits', '1.50'],
    ['does-not', 'much'],
  ]) {
    const json = JSON.stringify({ id, amount, created_at: updated_at, updated_at });
    world.shop.lists.payments.add({ id: String(id), updated_at, json });
  }
  const unanswered = new Set(['data/bronze/payments', 'data/quarantine/payments']);
  world.endpoint.faults = ({ action, name }) => {
    const folder = name.split('/').slice(0, 3).join('/');
    return action === 'PutObject' && unanswered.delete(folder) ? 'drop' : undefined;
  };
  // A request that comes during a load waits, and the writer that completes the load sends it.
  const bothAsked = Promise.withResolvers<void>();
  let asked = 0;
  const extractor: Functions['extractor'] = async (event, context) => {
    const answer = await functions.extractor(event, context);
    asked += 1;
    if (asked === 1) await world.send('{"entity":"payments"}');
    if (asked === 2) bothAsked.resolve();
    return answer;
  };
  const writer: Functions['writer'] = async (event, context) => {
    await bothAsked.promise;
    return functions.writer(event, context);
  };
  await world.send('{"entity":"payments"}');
  await world.drain({ extractor, writer });
  expect(unanswered).toEqual(new Set());
  await world.sqs.send(new SendMessageCommand({ QueueUrl: world.queueUrl('write'), MessageBody: '{"entity":"?"}' }));
  await world.drain(functions);
  await haveTroubleWithTime();
}

/** A schedule that was watched when it was due, a checkpoint that is lost, and tables that are there already. */
async function haveTroubleWithTime(): Promise<void> {
  const watched = measuredKey('daily-02');
  await world.objects.remove(watched);
  await world.objects.putIfAbsent(watched, Buffer.from('{"measured_since":"2026-01-01"}'));
  await functions.freshness({}, lambdaContext());
  await catalog({}, lambdaContext());
  await world.send('{"entity":"payments","load_type":"full"}');
  await world.drain(functions);
  await catalog({}, lambdaContext());
  await world.objects.remove(CHECKPOINTS_KEY);
  const { planned } = await functions.planner({ dry_run: true, entities: ['customers'] }, lambdaContext());
  expect(planned).toMatchObject([{ problem: 'CHECKPOINT_LOST' }]);
}

const ops = (...words: string[]) =>
  bronze([...words, '--endpoint', world.endpoint.url, '--bucket', 'shop-bronze', '-o', 'json'], {
    ...world.endpoint.environment,
  });

describe('the deployed functions, with the real SDK over HTTP', () => {
  test('a dry run of the planner returns its plan and sends nothing', async () => {
    const plan = await functions.planner({ dry_run: true, entities: ['orders'], load_type: 'FULL' }, lambdaContext());
    expect(plan).toMatchObject({
      load_type: 'full',
      planned: [{ entity: 'orders', load_type: 'full', since: '1970-01-01T00:00:00.000000Z' }],
    });
    expect(await world.depth('extract')).toBe(0);
  });

  test('a scheduled run loads tables and API lists; only a broken entity is dead-lettered, and a replay loads it', async () => {
    await execute(url, 'ALTER TABLE products RENAME TO products_gone');
    const plan = await functions.planner(SCHEDULED, lambdaContext());
    expect(plan.planned.map(({ entity }) => entity)).toEqual([
      'customers',
      'products',
      'orders',
      'order_items',
      'payments',
      'shipments',
    ]);
    await world.drain(functions);
    for (const [entity, rows] of [
      ['customers', 2000],
      ['orders', 20_000],
      ['order_items', 49_960],
      ['payments', 20_000],
      ['shipments', 14_304],
    ] as const) {
      expect(await world.record(entity), entity).toMatchObject({ status: 'completed', rows, rows_quarantined: 0 });
    }
    expect(await world.record('products')).toBeUndefined();
    expect([await world.depth('extract-dlq'), await world.depth('write-dlq')]).toEqual([1, 0]);
    const failure = JSON.parse(await world.text('logs/pipeline/ingestion/failures/')) as object;
    expect(failure).toMatchObject({
      entity: 'products',
      code: 'TABLE_MISSING',
      hint: expect.stringMatching(/dropped or renamed/) as string,
    });

    const listed = await ops('dlq', 'list');
    expect([listed.code, JSON.parse(listed.stdout)]).toMatchObject([4, [{ queue: 'extract', entity: 'products' }]]);
    await execute(url, 'ALTER TABLE products_gone RENAME TO products');
    expect((await ops('dlq', 'replay', '--entity', 'products')).code).toBe(0);
    await world.drain(functions);
    expect(await world.record('products')).toMatchObject({ status: 'completed', rows: 400 });
    expect((await ops('dlq', 'list')).code).toBe(0);
  });

  test('rows in bronze have the values of the source', async () => {
    const printed = await textRows(url, 'SELECT id, total, currency, ordered_at FROM orders');
    const total = new Map(
      (await world.rows('orders')).map((row) => [row['id'], [row['total'], row['currency'], row['ordered_at']].join()]),
    );
    for (const row of printed)
      expect(total.get(row['id'] ?? '')).toBe([row['total'], row['currency'], row['ordered_at']].join());
    expect((await world.rows('payments'))[0]).toMatchObject({ _source_system: 'api' });
  });

  test('a repeated schedule event, and a message delivered five times, change nothing', async () => {
    const before = await world.objects.list('data/bronze/');
    await functions.planner(SCHEDULED, lambdaContext());
    await world.drain(functions);
    const { planned } = await functions.planner({ entities: ['customers'] }, lambdaContext());
    const body = JSON.stringify({ entity: 'customers', load_id: planned[0]?.load_id });
    for (let n = 0; n < 4; n += 1) await world.send(body);
    await world.drain(functions);
    expect(await world.objects.list('data/bronze/')).toEqual(before);
    expect(await world.depth('extract-dlq')).toBe(0);
  });

  test('bronze run --remote to a stack that does not exist says which queue is missing, and is not told to try again', async () => {
    const { code, stdout, stderr } = await ops('run', 'orders', '--remote', '--stack', 'Elsewhere');
    expect(code).toBe(2);
    expect(`${stdout}${stderr}`).toContain('QUEUE_MISSING');
    expect(`${stdout}${stderr}`).toContain('Elsewhere-extract');
  });

  test('bronze run --remote and a plain message each load one entity', async () => {
    await execute(url, 'UPDATE orders SET note = note, updated_at = now() WHERE id <= 7');
    const asked = await ops('run', 'orders', '--remote');
    expect(asked.code, asked.stderr).toBe(0);
    await world.drain(functions);
    const [{ load_id } = { load_id: '' }] = JSON.parse(asked.stdout) as { load_id: string }[];
    expect(await world.record('orders')).toMatchObject({ load_id, load_type: 'incremental', rows: 7 });

    await execute(url, 'UPDATE orders SET note = note, updated_at = now() WHERE id <= 3');
    await world.send('{"entity":"orders"}');
    await world.drain(functions);
    expect(await world.record('orders')).toMatchObject({ rows: 3 });
  });

  test('bronze backfill loads a window again, and the checkpoint stays where it was', async () => {
    const { checkpoint: before } = await world.checkpoints.read('customers');
    await execute(
      url,
      `INSERT INTO customers SELECT 900000 + n, 'late' || n || '@example.com', 'Late', 'DE', NULL, true, '{}', '2001-02-03Z', '2001-02-03Z'
       FROM generate_series(1, 3) n`,
    );
    const backfill = { from: '2001-02-01T00:00:00.000000Z', to: '2001-03-01T00:00:00.000000Z' };
    const asked = await ops('backfill', 'customers', '--from', '2001-02-01', '--to', '2001-03-01');
    expect(asked.code, asked.stderr).toBe(0);
    const { load_id } = JSON.parse(asked.stdout) as { load_id: string };
    await world.drain(functions);
    const record = await readLoadRecord(world.objects, { entity: 'customers', load_id });
    expect(record).toMatchObject({ status: 'completed', backfill, rows: 3 });
    expect((await world.checkpoints.read('customers')).checkpoint).toEqual({ ...before, last_backfill_id: load_id });
    expect(await world.text('logs/pipeline/ingestion/date=')).toContain(
      `Completed: Processing customers, backfill from ${backfill.from} to ${backfill.to}`,
    );
    const refused = await ops('backfill', 'customers', '--from', '2001-02-01', '--to', '9001-03-01');
    expect([refused.code, JSON.parse(refused.stdout)]).toMatchObject([2, { error: { code: 'BACKFILL_REFUSED' } }]);
  });

  test('a message that can never succeed goes to the dead-letter queue at once, with its reason', async () => {
    await world.send('{"entity":"../secrets"}');
    await world.send('{"entity":"nobody"}');
    await world.drain(functions);
    expect(await world.depth('extract-dlq')).toBe(2);
    const records = await world.text('logs/pipeline/ingestion/failures/');
    expect(records).toContain('MESSAGE_INVALID');
    expect(records).toContain('ENTITY_UNKNOWN');
    expect(records).not.toContain(SHOP_KEY);
  });

  test('an extractor that is nearly out of time ends its slice, and another invocation continues the load', async () => {
    await ops('run', 'order_items', '--remote', '--full');
    // The last slice is empty, and comes when all others are written: then it is the extractor that completes the load.
    const written = Promise.withResolvers<void>();
    let slices = 0;
    const hurried: Functions['extractor'] = async (event) => {
      slices += 1;
      if (slices > 1) await written.promise;
      return functions.extractor(event, lambdaContext(61_000 - 1500));
    };
    const writer: Functions['writer'] = async (event, context) => {
      const answer = await functions.writer(event, context);
      written.resolve();
      return answer;
    };
    await world.drain({ extractor: hurried, writer });
    const record = await world.record('order_items');
    expect(record).toMatchObject({ load_type: 'full', rows: 49_960 });
    expect(record?.slices).toBeGreaterThan(1);
  });

  test('the freshness function reports each entity’s lag, and the run log has its documented format', async () => {
    const fresh = await functions.freshness({}, lambdaContext());
    expect(fresh.map(({ entity }) => entity)).toContain('orders');
    expect(fresh.every(({ lag_seconds }) => lag_seconds >= 0)).toBe(true);
    const lines = (await world.text('logs/pipeline/ingestion/date=')).split('\n');
    expect(lines.some((line) => /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] Starting: Processing customers$/.test(line))).toBe(
      true,
    );
    const texts = new Set(lines.map((line) => line.slice('[2024-01-15 10:30:45] '.length)));
    for (const text of [
      'Starting: Configuration Validation',
      'Completed: Configuration Validation',
      'Processing orders: Extracted 20000 records',
      'Processing orders: Wrote 101 files',
      'Completed: Processing orders',
    ]) {
      expect(texts).toContain(text);
    }
    expect([...texts].some((text) => text.startsWith('Failed: Processing products: TABLE_MISSING: '))).toBe(true);
  });

  test('bronze checkpoint reads and sets checkpoints, and refuses an invalid timestamp', async () => {
    const set = await ops('checkpoint', 'set', 'customers', '2026-01-02T00:00:00Z');
    expect([set.code, JSON.parse(set.stdout)]).toMatchObject([
      0,
      { customers: { last_sync_timestamp: '2026-01-02T00:00:00.000000Z' } },
    ]);
    const got = await ops('checkpoint', 'get', 'customers');
    expect(JSON.parse(got.stdout)).toMatchObject({ customers: { last_sync_timestamp: '2026-01-02T00:00:00.000000Z' } });
    expect((await ops('checkpoint', 'set', 'customers', 'soon')).code).toBe(2);
    const unknown = await ops('checkpoint', 'get', 'custmers');
    expect([unknown.code, JSON.parse(unknown.stdout)]).toMatchObject([2, { error: { code: 'ENTITY_UNKNOWN' } }]);
    expect(unknown.stderr).toContain('Did you mean customers?');
  });

  test('every call of the functions is allowed by the template’s policies, and every right is used or accounted for', async () => {
    await haveTrouble();
    expect(recorder.calls.length).toBeGreaterThan(100);
    expect(mismatches(recorder.calls)).toEqual({ missing: [], unused: [] });
  });
});
