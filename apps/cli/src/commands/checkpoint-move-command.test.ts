/** Moving checkpoints with the commands, and the real SDK over HTTP. */
import { S3Client } from '@aws-sdk/client-s3';
import { S3ObjectStore } from '@bronze/common/adapters/aws/s3-object-store';
import { CHECKPOINTS_KEY } from '@bronze/common/load/object-keys';
import { AwsEndpoint } from '@bronze/emulators/aws-endpoint/aws-endpoint';
import { DynamoEndpoint } from '@bronze/emulators/dynamo-endpoint';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { capturing } from '../terminal/fake-terminal.fixtures.ts';
import { checkpointGetCommand, checkpointSetCommand } from './checkpoint-command.ts';
import { checkpointRestoreCommand } from './checkpoint-copies.ts';
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

test('of checkpoints in a table, restore mends the object that names it, and leaves it if the name is lost', async () => {
  const before = await all();
  await said(() => checkpointMoveCommand({ ...TARGET, to: 'dynamodb', table: TABLE }));
  await putText(`{"$store": {"dynamodb_table": "${TABLE}"`);
  await expect(all()).rejects.toMatchObject({ code: 'CHECKPOINTS_UNREADABLE' });
  const mended = await said(() => checkpointRestoreCommand([], TARGET));
  expect(mended.stderr).toContain(`checkpoints.json names the DynamoDB table ${TABLE} again`);
  expect(await all()).toEqual(before);

  await putText('{"$store": ');
  await expect(said(() => checkpointRestoreCommand([], TARGET))).rejects.toMatchObject({
    code: 'CHECKPOINTS_UNREADABLE',
    message: expect.stringContaining('in a table, and no longer says in which') as string,
  });
  await objects.remove(CHECKPOINTS_KEY);
  expect((await said(() => checkpointRestoreCommand([], TARGET))).stderr).toContain('in a DynamoDB table? Then put');
  expect(await all()).toEqual({});
  vi.stubEnv('CHECKPOINT_STORE', 'dynamodb');
  expect(await all()).toEqual({});
  vi.stubEnv('CHECKPOINT_TABLE', TABLE);
  expect(await all()).toEqual(before);
  await said(() => checkpointSetCommand('orders', '2024-01-01', { ...TARGET, yes: true }));
  vi.stubEnv('CHECKPOINT_TABLE', undefined);
  expect(await all()).toMatchObject({ orders: { last_sync_timestamp: '2024-01-01T00:00:00.000000Z' } });
});

async function putText(text: string): Promise<void> {
  const stored = await objects.get(CHECKPOINTS_KEY);
  expect(await objects.replace(CHECKPOINTS_KEY, Buffer.from(text), stored?.etag)).toBe(true);
}
