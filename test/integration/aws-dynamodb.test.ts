import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoTable } from '@bronze/common/adapters/aws/dynamo-table';
import { moveToFile, moveToTable } from '@bronze/common/load/move-checkpoints';
import { CHECKPOINTS_KEY } from '@bronze/common/load/object-keys';
import { DynamoEndpoint } from '@bronze/emulators/dynamo-endpoint';
import { MovingList } from '@bronze/demo/source-api/api-record';
import { LoopbackServer } from '@bronze/demo/source-api/loopback-server';
import { ordersAfter, payments } from '@bronze/demo/source-api/shop-records';
import { SourceApi } from '@bronze/demo/source-api/source-api';
import type { SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AwsWorld, type Functions, lambdaContext } from './aws-world.ts';

const TABLE = 'EcomIngestionStack-checkpoints';
const RUN = { entities: ['payments'] };
const PAYMENTS = payments(ordersAfter([])).slice(0, 200);

let dynamo: DynamoEndpoint;
let table: DynamoTable;
let api: LoopbackServer;
let world: AwsWorld;
let functions: Functions;

beforeAll(async () => {
  dynamo = await DynamoEndpoint.start();
  table = new DynamoTable(new DynamoDBClient(dynamo.client_config), TABLE);
  await table.create();
  world = await AwsWorld.open('postgres://unused');
  const list = new MovingList(PAYMENTS);
  const lists = { '/payments': () => list };
  api = await LoopbackServer.start(new SourceApi({ lists, apiKey: async () => undefined, move: () => undefined }));
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_DYNAMODB: dynamo.url,
    CHECKPOINT_STORE: 'dynamodb',
    CHECKPOINT_TABLE: TABLE,
    PAYMENTS_API_URL: api.url,
  });
  const { handler: planner } = await import('@bronze/planner/handler');
  const { handler: freshness } = await import('@bronze/planner/freshness-handler');
  const { handler: extractor } = await import('@bronze/extractor/handler');
  const { handler: writer } = await import('@bronze/writer/handler');
  functions = { planner, freshness, extractor, writer } as unknown as Functions;
});

afterAll(async () => {
  await world.close();
  await api.stop();
  await dynamo.close();
});

describe('the deployed functions with CHECKPOINT_STORE=dynamodb, and the real SDK over HTTP', () => {
  test('load a new pipeline, with throttled calls and lost answers on the way, without a dead letter', async () => {
    dynamo.faults = {
      Scan: ['ThrottlingException'],
      GetItem: ['ProvisionedThroughputExceededException', 'lost answer'],
      PutItem: ['lost answer', 'ThrottlingException', 'lost answer'],
    };
    const [load] = await run();
    expect(load).toMatchObject({ entity: 'payments', load_type: 'full' });
    expect(Object.values(dynamo.faults).flat()).toEqual([]);
    const item = await table.get('payments');
    expect(item).toMatchObject({ last_load_id: load?.load_id, record_count: PAYMENTS.length });
    expect(item).not.toHaveProperty('pending_load');
    expect(await world.record('payments')).toMatchObject({ status: 'completed', rows: PAYMENTS.length });
    expect(await world.depth('extract-dlq')).toBe(0);
    expect(JSON.parse(await world.text(CHECKPOINTS_KEY))).toEqual({ $store: { dynamodb_table: TABLE } });
  });

  test('plan the next run from the table, and measure from it how far each entity is behind', async () => {
    expect(await run()).toMatchObject([{ load_type: 'incremental' }]);
    expect((await functions.freshness({}, lambdaContext())).map(({ entity }) => entity)).toContain('payments');
  });

  test('follow the checkpoints to S3 and back with a load in flight, and write no row twice', async () => {
    const load_id = randomUUID();
    await extract({ entity: 'payments', load_id, load_type: 'full' });
    expect(await table.get('payments')).toMatchObject({ pending_load: { load_id } });
    await moveToFile({ objects: world.objects, table, ids });
    expect(await table.get('payments')).toMatchObject({ inactive: true });
    await world.drain(functions);
    const file = JSON.parse(await world.text(CHECKPOINTS_KEY)) as Record<string, object>;
    expect(file).toMatchObject({ payments: { last_load_id: load_id, record_count: PAYMENTS.length } });
    expect(file['payments']).not.toHaveProperty('pending_load');
    expect(await world.rows('payments')).toHaveLength(2 * PAYMENTS.length);
    await moveToTable({ objects: world.objects, table, ids });
    expect(await run()).toMatchObject([{ load_type: 'incremental' }]);
    expect(await table.get('payments')).not.toHaveProperty('inactive');
    expect(await world.rows('payments')).toHaveLength(2 * PAYMENTS.length);
    expect(await world.depth('extract-dlq')).toBe(0);
  });
});

const ids = { next: randomUUID };

async function run() {
  const { planned } = await functions.planner(RUN, lambdaContext());
  await world.drain(functions);
  return planned;
}

/** One delivery to the extractor, and none to the writer. */
async function extract(request: object): Promise<void> {
  const record = {
    messageId: randomUUID(),
    body: JSON.stringify(request),
    attributes: { ApproximateReceiveCount: '1' },
  };
  const answer = await functions.extractor({ Records: [record] } as unknown as SQSEvent, lambdaContext());
  expect(answer).toEqual({ batchItemFailures: [] });
}
