import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { SecretsManager } from '@bronze/common/adapters/aws/secrets-manager';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { FolderObjectStore } from '@bronze/common/adapters/local/folder-object-store';
import { AwsEndpoint, type AwsEndpointOptions } from './aws-endpoint.ts';
import { firstCalls } from './faults.ts';

async function open(options: AwsEndpointOptions = {}) {
  const endpoint = await AwsEndpoint.start(options);
  onTestFinished(() => endpoint.close());
  await endpoint.createBucket('bronze');
  const client = new S3Client(endpoint.client_config);
  return { endpoint, client };
}

const at = (Key: string) => ({ Bucket: 'bronze', Key });

test('a client needs only AWS_ENDPOINT_URL, a region and credentials in the environment', async () => {
  const { endpoint } = await open();
  for (const [name, value] of Object.entries(endpoint.environment)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  const client = new S3Client({});
  await client.send(new CreateBucketCommand({ Bucket: 'from-the-environment' }));
  await client.send(new PutObjectCommand({ ...at('a b/ü+%.txt'), Body: 'hello' }));
  const found = await client.send(new GetObjectCommand(at('a b/ü+%.txt')));
  expect(await found.Body?.transformToString()).toBe('hello');
  const listed = await client.send(new ListObjectsV2Command({ Bucket: 'bronze', MaxKeys: 1 }));
  expect(listed.Contents).toMatchObject([{ Key: 'a b/ü+%.txt', Size: 5 }]);
});

describe('an upload', () => {
  test('an upload in chunks with a trailing checksum is stored without its framing', async () => {
    const { client } = await open();
    const parts = [Buffer.concat([Buffer.alloc(70_000, 'a'), Buffer.from('\r\n0\r\n')]), Buffer.alloc(100, 'b')];
    const ContentLength = parts.reduce((sum, part) => sum + part.length, 0);
    await client.send(new PutObjectCommand({ ...at('stream'), Body: Readable.from(parts), ContentLength }));
    const found = await client.send(new GetObjectCommand(at('stream')));
    expect(Buffer.concat(parts).equals((await found.Body?.transformToByteArray()) ?? new Uint8Array())).toBe(true);
  });

  test.each([
    ['crc32', 'AAAAAA=='],
    ['sha256', 'AAAA'],
    ['sha1', 'AAAA'],
  ])('an upload whose %s differs is refused', async (algorithm, sum) => {
    const { endpoint } = await open();
    const headers = { [`x-amz-checksum-${algorithm}`]: sum };
    const answer = await fetch(`${endpoint.url}/bronze/a`, { method: 'PUT', body: 'hello', headers });
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('BadDigest')]);
  });

  test.each(['5\r\nhello', '5\r\nhello\r\n', '6\r\nhello\r\n0\r\n\r\n', ''])(
    'an upload that is cut short is refused: %j',
    async (body) => {
      const { endpoint } = await open();
      const headers = { 'content-encoding': 'aws-chunked', 'x-amz-decoded-content-length': '5' };
      const answer = await fetch(`${endpoint.url}/bronze/a`, { method: 'PUT', body, headers });
      expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('IncompleteBody')]);
    },
  );
});

test('an upload with a small chunk before its last is refused, as S3 does', async () => {
  const { endpoint } = await open();
  const headers = { 'content-encoding': 'aws-chunked', 'x-amz-decoded-content-length': '10' };
  const body = '5\r\nhello\r\n5\r\nhello\r\n0\r\n\r\n';
  const answer = await fetch(`${endpoint.url}/bronze/a`, { method: 'PUT', body, headers });
  expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining('InvalidChunkSizeError')]);
});

describe('reading', () => {
  test.each([
    ['bytes=0-1', 'he'],
    ['bytes=3-', 'lo'],
    ['bytes=-2', 'lo'],
    ['bytes=1-99', 'ello'],
  ])('GetObject answers the range %s', async (Range, expected) => {
    const { client } = await open();
    await client.send(new PutObjectCommand({ ...at('a'), Body: 'hello' }));
    const found = await client.send(new GetObjectCommand({ ...at('a'), Range }));
    expect(await found.Body?.transformToString()).toBe(expected);
  });

  test('HeadObject answers size and ETag, and reads honour If-None-Match and If-Match', async () => {
    const { client } = await open();
    const { ETag } = await client.send(new PutObjectCommand({ ...at('a'), Body: 'hello' }));
    expect(await client.send(new HeadObjectCommand(at('a')))).toMatchObject({ ContentLength: 5, ETag });
    const status = (thrown: { $metadata: { httpStatusCode?: number } }) => thrown.$metadata.httpStatusCode;
    const unchanged = client.send(new GetObjectCommand({ ...at('a'), IfNoneMatch: ETag }));
    expect(await unchanged.then(status, status)).toBe(304);
    const other = client.send(new GetObjectCommand({ ...at('a'), IfMatch: '"other"' }));
    expect(await other.then(status, status)).toBe(412);
    const missing = client.send(new HeadObjectCommand(at('b')));
    expect(await missing.then(status, status)).toBe(404);
  });
});

test('an unconditional put overwrites the object, as on S3', async () => {
  const { client } = await open();
  for (const Body of ['one', 'two', 'two']) await client.send(new PutObjectCommand({ ...at('a'), Body }));
  const found = await client.send(new GetObjectCommand(at('a')));
  expect(await found.Body?.transformToString()).toBe('two');
});

test('the endpoint refuses what it does not implement rather than ignoring it', async () => {
  const { endpoint, client } = await open();
  const tags = new PutObjectTaggingCommand({ ...at('a'), Tagging: { TagSet: [] } });
  await expect(client.send(tags)).rejects.toMatchObject({ $metadata: { httpStatusCode: 501 } });
  const copy = { method: 'PUT', headers: { 'x-amz-copy-source': '/bronze/b' } };
  expect((await fetch(`${endpoint.url}/bronze/a`, copy)).status).toBe(501);
  const listed = await fetch(`${endpoint.url}/bronze?list-type=2&delimiter=/`);
  expect(listed.status).toBe(501);
  const target = { method: 'POST', body: '{}', headers: { 'x-amz-target': 'AmazonSQS.TagQueue' } };
  expect((await fetch(endpoint.url, target)).status).toBe(501);
});

test.each([
  '/bronze/..%2F..%2Fetc',
  '/bronze/a%2F..%2F..%2Fb',
  '/bronze/.bronze/lock.sqlite',
  '/bronze/%zz',
  '/bronze?list-type=2&prefix=../',
])('no request reaches outside the folder: %s', async (path) => {
  const root = await mkdtemp(join(tmpdir(), 'bronze-endpoint-'));
  const { endpoint } = await open({ openBucket: (name) => FolderObjectStore.open(join(root, name)) });
  expect((await fetch(endpoint.url + path)).status).toBe(400);
});

describe('a secret', () => {
  test('a secret is read by its name, and an unknown name is an error', async () => {
    const { endpoint } = await open({ secrets: { 'payments-api': '{"api_key":"k"}' } });
    const secrets = new SecretsManager(endpoint.client_config);
    expect(await secrets.read('payments-api')).toBe('{"api_key":"k"}');
    await expect(secrets.read('toString')).rejects.toMatchObject({ code: 'SECRET_UNREADABLE' });
  });

  test('reading a secret fails when a fault is planned', async () => {
    const { endpoint } = await open({ secrets: { key: 'k' } });
    const secrets = new SecretsManager(endpoint.client_config);
    endpoint.faults = firstCalls(1, 'GetSecretValue', 'denied');
    await expect(secrets.read('key')).rejects.toMatchObject({ code: 'SECRET_UNREADABLE' });
    endpoint.faults = firstCalls(9, 'GetSecretValue', 'unavailable');
    await expect(secrets.read('key')).rejects.toMatchObject({ code: 'SECRET_UNAVAILABLE' });
  });
});
