import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoEndpoint } from '@bronze/emulators/dynamo-endpoint';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { itemsIn } from '../../load/checkpoint-items.fixtures.ts';
import { testCheckpointStore } from '../../load/checkpoint-store.fixtures.ts';
import { DynamoTable } from './dynamo-table.ts';

let endpoint: DynamoEndpoint;
let client: DynamoDBClient;
let tables = 0;

beforeAll(async () => {
  endpoint = await DynamoEndpoint.start();
  client = new DynamoDBClient({ ...endpoint.client_config, maxAttempts: 2 });
});
beforeEach(() => {
  endpoint.faults = {};
  endpoint.before = async () => undefined;
});
afterAll(async () => {
  client.destroy();
  await endpoint.close();
});

async function newTable(): Promise<DynamoTable> {
  const table = new DynamoTable(client, `EcomIngestionStack-checkpoints-${(tables += 1)}`);
  await table.create();
  return table;
}

describe('checkpoints in DynamoDB', () => {
  testCheckpointStore(async () => itemsIn(await newTable()));

  test('a swap whose answer is lost is repeated by the SDK, refused, and known as its own', async () => {
    const { open, table } = itemsIn(await newTable());
    const { version } = await open().read('orders');
    endpoint.faults = { PutItem: ['lost answer'] };
    endpoint.calls.length = 0;
    expect(await open().swap('orders', version, { record_count: 1 })).toBe(true);
    expect(endpoint.calls).toEqual(['PutItem', 'PutItem', 'GetItem']);
    expect(await table.get('orders')).toMatchObject({ entity: 'orders', record_count: 1 });
  });

  test('a swap whose answer is lost, and after which another came, is not known as its own', async () => {
    const { open } = itemsIn(await newTable());
    const { version } = await open().read('orders');
    endpoint.faults = { PutItem: ['lost answer'] };
    let puts = 0;
    endpoint.before = async (action) => {
      if (action !== 'PutItem' || (puts += 1) !== 2) return;
      const between = await open().read('orders');
      expect(await open().swap('orders', between.version, { record_count: 2 })).toBe(true);
    };
    expect(await open().swap('orders', version, { record_count: 1 })).toBe(false);
    expect((await open().read('orders')).checkpoint).toEqual({ record_count: 2 });
  });

  test('all are read, however many pages they fill', async () => {
    const { open } = itemsIn(await newTable());
    const note = 'x'.repeat(200_000);
    const names = Array.from({ length: 12 }, (_, index) => `entity_${index}`);
    await Promise.all(names.map((name) => open().swap(name, 'absent', { note })));
    endpoint.calls.length = 0;
    expect([...(await open().readAll()).keys()].toSorted()).toEqual(names.toSorted());
    expect(endpoint.calls.length).toBeGreaterThan(1);
  });

  test('throttling is waited out by the SDK', async () => {
    const { open } = itemsIn(await newTable());
    endpoint.faults = { GetItem: ['ThrottlingException'] };
    expect(await open().read('orders')).toEqual({ checkpoint: undefined, version: 'absent' });
  });

  test.each(['ThrottlingException', 'ProvisionedThroughputExceededException', 'RequestLimitExceeded'] as const)(
    '%s that persists is a failure that may pass',
    async (fault) => {
      const { open, table } = itemsIn(await newTable());
      endpoint.faults = { GetItem: [fault, fault] };
      await expect(open().read('orders')).rejects.toMatchObject({
        code: 'STORE_UNREACHABLE',
        kind: 'transient',
        message: `DynamoDB table ${table.name}: GetItem is throttled (${fault})`,
      });
    },
  );

  test('what is denied names the right and the table', async () => {
    const { open, table } = itemsIn(await newTable());
    for (const [action, call] of [
      ['GetItem', () => open().read('orders')],
      ['PutItem', () => open().swap('orders', 'absent', {})],
      ['Scan', () => open().readAll()],
    ] as const) {
      endpoint.faults = { [action]: ['AccessDeniedException'] };
      await expect(call()).rejects.toMatchObject({
        code: 'STORE_DENIED',
        message: `DynamoDB table ${table.name}: ${action} is refused (AccessDeniedException)`,
        hint: expect.stringContaining(`dynamodb:${action} on the table ${table.name}`),
      });
    }
  });

  test('a table that is missing, an item that is too large, and a service that fails have their codes', async () => {
    const gone = itemsIn(new DynamoTable(client, 'gone')).open();
    await expect(gone.readAll()).rejects.toMatchObject({ code: 'STORE_MISSING', kind: 'configuration' });
    const { open } = itemsIn(await newTable());
    const large = { note: 'x'.repeat(500_000) };
    await expect(open().swap('orders', 'absent', large)).rejects.toMatchObject({ code: 'STORE_MISSING' });
    endpoint.faults = { Scan: ['InternalServerException', 'InternalServerException'] };
    await expect(open().readAll()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  });
});

describe('creating the table', () => {
  test('happens once, and two who create it at the same time do not disturb each other', async () => {
    const table = new DynamoTable(client, 'created-by-two');
    await Promise.all([table.create(), table.create()]);
    await table.create();
    expect(await table.scan()).toEqual([]);
  });

  test('that is denied says so', async () => {
    endpoint.faults = { CreateTable: ['AccessDeniedException'] };
    await expect(new DynamoTable(client, 'not-mine').create()).rejects.toMatchObject({
      code: 'STORE_DENIED',
      message: 'DynamoDB table not-mine: CreateTable is refused (AccessDeniedException)',
    });
  });
});
