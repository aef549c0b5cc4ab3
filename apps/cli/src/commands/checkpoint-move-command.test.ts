/** Moving checkpoints with the commands, and the real SDK over HTTP. */
import { S3Client } from '@aws-sdk/client-s3';
import { S3ObjectStore } from '@bronze/common/adapters/aws/s3-object-store';
import { CHECKPOINTS_KEY } from '@bronze/common/load/object-keys';
import { AwsEndpoint } from '@bronze/emulators/aws-endpoint/aws-endpoint';
import { DynamoEndpoint } from '@bronze/emulators/dynamo-endpoint';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { capturing } from '../terminal/fake-terminal.fixtures.ts';
import { checkpointGetCommand, checkpointSetCommand } from './checkpoint-command.ts';
import { checkpointMoveCommand } from './checkpoint-move-command.ts';

const TABLE = 'EcomIngestionStack-PipelineCheckpoints-1';
const FILE = {
  orders: { last_sync_timestamp: '2024-01-15T10:32:00.123456Z', record_count: 250, owner: 'ana' },
  customers: { last_sync_timestamp: '2024-01-14T00:00:00.000000Z' },
};

let aws: AwsEndpoint;
let dynamo: DynamoEndpoint;
let objects: S3ObjectStore;

beforeAll(async () => {
  aws = await AwsEndpoint.start();
  dynamo = await DynamoEndpoint.start();
  await aws.createBucket('bronze');
  objects = new S3ObjectStore(new S3Client(aws.client_config), 'bronze');
  await objects.putIfAbsent(CHECKPOINTS_KEY, Buffer.from(JSON.stringify(FILE)));
  for (const [name, value] of Object.entries(aws.environment)) vi.stubEnv(name, value);
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', dynamo.url);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await dynamo.close();
  await aws.close();
});

const TARGET = { stack: 'EcomIngestionStack', bucket: 'bronze', output: 'json' } as const;

async function said(command: () => Promise<number>) {
  const { stdout, stderr } = await capturing(undefined, async () => void (await command()));
  return { stdout, stderr };
}

const all = async () => JSON.parse((await said(() => checkpointGetCommand(undefined, TARGET))).stdout) as unknown;

test('there and back, and checkpoint get and set follow without being told', async () => {
  expect(await all()).toEqual(FILE);
  const there = await said(() => checkpointMoveCommand({ ...TARGET, to: 'dynamodb', table: TABLE, createTable: true }));
  expect(there.stderr).toBe(`The checkpoints are in the DynamoDB table ${TABLE}\n`);
  expect(await all()).toEqual(FILE);
  await said(() => checkpointSetCommand('customers', '2024-01-10', { ...TARGET, yes: true }));
  expect(dynamo.calls).toContain('PutItem');
  const moved = { ...FILE, customers: { last_sync_timestamp: '2024-01-10T00:00:00.000000Z' } };
  expect(await all()).toMatchObject(moved);
  // Again: nothing is left to do.
  await said(() => checkpointMoveCommand({ ...TARGET, to: 'dynamodb' }));
  const back = await said(() => checkpointMoveCommand({ ...TARGET, to: 's3' }));
  expect(back.stderr).toBe(`The checkpoints are in s3://bronze/${CHECKPOINTS_KEY}\n`);
  expect(JSON.parse(Buffer.from((await objects.get(CHECKPOINTS_KEY))?.body ?? []).toString())).toMatchObject(moved);
  expect(await all()).toMatchObject(moved);
  expect((await said(() => checkpointMoveCommand({ ...TARGET, to: 's3' }))).stderr).toMatch(/^Nothing to move: /);
});

test('a table that is missing or not named is said, and nothing is moved', async () => {
  await expect(checkpointMoveCommand({ out: 'bronze-data', to: 's3' })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: 'the checkpoints of a folder stay in it',
  });
  await expect(checkpointMoveCommand({ ...TARGET, to: 'dynamodb' })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    hint: 'Pass --table with the stack’s output CheckpointTable.',
  });
  await expect(checkpointMoveCommand({ ...TARGET, to: 'dynamodb', table: 'none-of-ours' })).rejects.toMatchObject({
    code: 'STORE_MISSING',
    message: expect.stringContaining('DynamoDB table none-of-ours: Scan: there is no such table'),
  });
  expect(await all()).toMatchObject({ orders: FILE.orders });
});
