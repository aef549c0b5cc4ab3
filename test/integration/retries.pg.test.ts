import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { queueHandler } from '@bronze/common/adapters/aws/queue-handler';
import { NO_FAULTS } from '@bronze/emulators/aws-endpoint/faults';
import type { SqsHandler } from '@bronze/emulators/sqs-event-source';
import { openExtractor } from '@bronze/extractor/handler';
import { openWriter } from '@bronze/writer/handler';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { execute, newDatabase, textRows } from '../database.ts';
import { Random } from '../random.ts';
import { AwsWorld } from './aws-world.ts';

const SHOP = readFileSync(join(import.meta.dirname, '../../demo/src/shop/schema.sql'), 'utf8');
/** Orders of a hundred days, so a write task of a hundred parts. */
const ROWS = `
  INSERT INTO customers SELECT n, n || '@example.com', 'n', 'DE', NULL, true, '{}', now(), now() FROM generate_series(1, 40) AS n;
  INSERT INTO products SELECT n, md5('' || n)::uuid, 'p', n / 100.0, NULL, '{}', now() FROM generate_series(1, 50) AS n;
  INSERT INTO orders SELECT n, 1 + n % 40, 'paid', 'EUR', n, NULL, '2026-01-01'::timestamptz + n % 100 * interval '1 day', now()
    FROM generate_series(1, 300) AS n;
  INSERT INTO order_items SELECT n, 1, 1 + n % 50, 1, 1, now() FROM generate_series(1, 300) AS n;`;

/** Between the functions and their database; down, it refuses connections as a server does that isn't running. */
class Wire {
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  constructor(database_url: string) {
    this.#target = new URL(database_url);
  }

  get url(): string {
    const url = new URL(this.#target);
    url.host = `127.0.0.1:${this.#port}`;
    return url.href;
  }

  async up(): Promise<void> {
    const server = createServer((near) => {
      const far = connect(Number(this.#target.port), this.#target.hostname);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(one);
        one.on('error', () => other.destroy()).on('close', () => this.#sockets.delete(one));
        one.pipe(other);
      }
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async down(): Promise<void> {
    const closed = new Promise((resolve) => this.#server?.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

let url: string;
let wire: Wire;
let world: AwsWorld;
let functions: { extractor: SqsHandler; writer: SqsHandler };

beforeAll(async () => {
  url = await newDatabase(SHOP);
  await execute(url, ROWS);
  wire = new Wire(url);
  await wire.up();
  world = await AwsWorld.open(wire.url);
  functions = {
    extractor: queueHandler('extractor', () => openExtractor(world.time)),
    writer: queueHandler('writer', () => openWriter(world.time)),
  };
});

afterEach(() => {
  world.endpoint.faults = NO_FAULTS;
});

afterAll(async () => {
  await world.close();
  await wire.down();
});

const ask = (entity: string) => world.send(JSON.stringify({ entity }));
const dead = async () => [await world.depth('extract-dlq'), await world.depth('write-dlq')];
const secondsSince = (from_ms: number) => Math.round((world.time.nowMs() - from_ms) / 1000);

async function expectLoadedOnce(entity: string, key: string): Promise<void> {
  const truth = await textRows(url, `SELECT ${key} AS key FROM ${entity}`);
  const loaded = (await world.rows(entity)).map((row) => String(row[key]));
  expect(loaded.toSorted(), entity).toEqual(truth.map((row) => row['key'] ?? '').toSorted());
}

test('while S3 answers 30 % of all calls with SlowDown, no row is lost or doubled, and no delivery fails', async () => {
  const random = new Random(7);
  const calls: Record<string, number> = {};
  const count = (what: string) => void (calls[what] = (calls[what] ?? 0) + 1);
  world.endpoint.faults = ({ service, action }) => {
    count(action);
    if (service !== 's3' || !random.chance(0.3)) return undefined;
    count('SlowDown');
    return 'unavailable';
  };
  const from_ms = world.time.nowMs();
  await ask('orders');
  await world.drain(functions);
  const took_seconds = secondsSince(from_ms);
  world.endpoint.faults = NO_FAULTS;
  await expectLoadedOnce('orders', 'id');
  expect(await world.record('orders')).toMatchObject({ status: 'completed', rows: 300 });
  expect(await dead()).toEqual([0, 0]);
  // A delivery that failed would have been hidden twice.
  expect(calls['ChangeMessageVisibility']).toBe(calls['DeleteMessage']);
  expect(calls['SlowDown']).toBeGreaterThan(30);
  process.stdout.write(`30 % SlowDown: ${JSON.stringify(calls)} in ${took_seconds} virtual seconds\n`);
});

test('a database that is down for ten minutes costs no dead letter, and less than two minutes after it is back', async () => {
  await wire.down();
  for (const entity of ['customers', 'products', 'order_items']) await ask(entity);
  const back = world.time.sleep(600_000).then(async () => {
    const back_ms = world.time.nowMs();
    await wire.up();
    return back_ms;
  });
  await world.drain(functions);
  const after_seconds = secondsSince(await back);
  expect(await dead()).toEqual([0, 0]);
  for (const [entity, key] of [
    ['customers', 'id'],
    ['products', 'id'],
    ['order_items', 'order_id'],
  ] as const)
    await expectLoadedOnce(entity, key);
  expect(after_seconds).toBeGreaterThanOrEqual(0);
  expect(after_seconds).toBeLessThan(120);
  process.stdout.write(`a database down for 600 s: all loads complete ${after_seconds} virtual seconds later\n`);
});

test('a message whose sandbox is killed is delivered again after 16 minutes at most', async () => {
  await execute(url, 'UPDATE orders SET note = note, updated_at = now() WHERE id <= 7');
  const from_ms = world.time.nowMs();
  let isKilled = false;
  const extractor: SqsHandler = (event, context) => {
    if (isKilled) return functions.extractor(event, context);
    isKilled = true;
    return new Promise((_, reject) => {
      const handle = async () => {
        reject(new Error('Runtime exited with error: signal: killed'));
        await new Promise(() => undefined);
      };
      const dying = queueHandler('extractor', () => ({ ...openExtractor(world.time), handle }));
      void dying(event, context);
    });
  };
  await ask('orders');
  await world.drain({ ...functions, extractor });
  expect(await world.record('orders')).toMatchObject({ status: 'completed', rows: 7 });
  const took_seconds = secondsSince(from_ms);
  expect(took_seconds).toBeGreaterThan(900);
  expect(took_seconds).toBeLessThan(16 * 60);
  process.stdout.write(`a killed sandbox: the load completes after ${took_seconds} virtual seconds\n`);
});
