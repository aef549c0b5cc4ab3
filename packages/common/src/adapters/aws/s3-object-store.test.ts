import { S3Client } from '@aws-sdk/client-s3';
import { AwsEndpoint } from '@bronze/emulators/aws-endpoint/aws-endpoint';
import { firstCalls, withChance } from '@bronze/emulators/aws-endpoint/faults';
import { FolderObjectStore } from '../local/folder-object-store.ts';
import { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PROBE_KEY } from '../../load/object-keys.ts';
import { S3ObjectStore } from './s3-object-store.ts';

/** Ignores one of the conditions that make the protocol safe, as some emulators do. */
class ForgetfulStore extends MemoryObjectStore {
  readonly ignores: 'If-None-Match' | 'If-Match';

  constructor(ignores: ForgetfulStore['ignores']) {
    super();
    this.ignores = ignores;
  }

  override async putIfAbsent(key: string, body: Uint8Array): Promise<'created' | 'exists'> {
    if (this.ignores === 'If-None-Match') await this.remove(key);
    return super.putIfAbsent(key, body);
  }

  override async replace(key: string, body: Uint8Array, etag: string | undefined): Promise<boolean> {
    const current = await this.get(key);
    return super.replace(key, body, this.ignores === 'If-Match' ? current?.etag : etag);
  }
}

async function open(objects = new MemoryObjectStore()) {
  const endpoint = await AwsEndpoint.start({ openBucket: async () => objects });
  onTestFinished(() => endpoint.close());
  await endpoint.createBucket('bronze');
  const client = new S3Client(endpoint.client_config);
  return { endpoint, client, objects, store: new S3ObjectStore(client, 'bronze') };
}

const text = (body: Uint8Array | undefined) => Buffer.from(body ?? []).toString();
const body = Buffer.from('{}');

/** Mulberry32. */
function seeded(seed: number) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('S3ObjectStore', () => {
  test('reports `exists` or false if an answer is lost, because the SDK’s retry meets its own write', async () => {
    const { endpoint, store } = await open();
    endpoint.faults = firstCalls(1, 'PutObject', 'drop');
    expect(await store.putIfAbsent('a', Buffer.from('mine'))).toBe('exists');
    const stored = await store.get('a');
    expect(text(stored?.body)).toBe('mine');
    endpoint.faults = firstCalls(1, 'PutObject', 'drop');
    expect(await store.replace('a', Buffer.from('mine again'), stored?.etag)).toBe(false);
    expect(text((await store.get('a'))?.body)).toBe('mine again');
  });

  test('retries status 409, which the SDK does not', async () => {
    const { endpoint, store } = await open();
    endpoint.faults = firstCalls(3, 'PutObject', 'conflict');
    expect(await store.putIfAbsent('a', body)).toBe('created');
    endpoint.faults = firstCalls(99, 'PutObject', 'conflict');
    await expect(store.putIfAbsent('b', body)).rejects.toMatchObject({ code: 'STORE_UNREACHABLE', kind: 'transient' });
  });

  test('lets exactly one of ten concurrent writers win, even if a third of all writes conflict', async () => {
    const { endpoint, store } = await open();
    endpoint.faults = withChance(1 / 3, 'PutObject', 'conflict', seeded(7));
    const puts = await Promise.all(Array.from({ length: 10 }, () => store.putIfAbsent('a', body)));
    expect(puts.filter((put) => put === 'created')).toHaveLength(1);
  });

  test('survives a few answers of 503 and fails when they go on', async () => {
    const { endpoint, store } = await open();
    endpoint.faults = firstCalls(2, 'PutObject', 'unavailable');
    expect(await store.putIfAbsent('a', body)).toBe('created');
    endpoint.faults = firstCalls(99, 'GetObject', 'unavailable');
    await expect(store.get('a')).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  });

  test('is STORE_UNREACHABLE if nobody answers', async () => {
    const { endpoint } = await open();
    const client = new S3Client({ ...endpoint.client_config, endpoint: 'http://127.0.0.1:9', maxAttempts: 1 });
    await expect(new S3ObjectStore(client, 'bronze').list('')).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
      message: 's3://bronze/: ListObjectsV2 failed (ECONNREFUSED)',
    });
  });

  test.each([
    ['GetObject', 's3:ListBucket', (store: S3ObjectStore) => store.get('a')],
    ['PutObject', 's3:PutObject', (store: S3ObjectStore) => store.putIfAbsent('a', body)],
    ['ListObjectsV2', 's3:ListBucket', (store: S3ObjectStore) => store.list('a')],
    ['DeleteObject', 's3:DeleteObject', (store: S3ObjectStore) => store.remove('a')],
  ] as const)('is STORE_DENIED if %s is denied, with the grant %s in its hint', async (action, grant, call) => {
    const { endpoint, store } = await open();
    endpoint.faults = firstCalls(1, action, 'denied');
    await expect(call(store)).rejects.toMatchObject({
      code: 'STORE_DENIED',
      message: `s3://bronze/a: ${action} is refused (AccessDenied)`,
      hint: expect.stringContaining(grant) as string,
    });
  });

  test('never takes a missing bucket for a missing object', async () => {
    const { client } = await open();
    const store = new S3ObjectStore(client, 'elsewhere');
    await expect(store.get('a')).rejects.toMatchObject({ code: 'STORE_MISSING' });
    await expect(store.replace('a', body, '"etag"')).rejects.toMatchObject({ code: 'STORE_MISSING' });
  });
});

test('a swap fails if the object was removed meanwhile', async () => {
  const { store } = await open();
  await store.putIfAbsent('a', body);
  const read = await store.get('a');
  await store.remove('a');
  expect(await store.replace('a', body, read?.etag)).toBe(false);
});

describe('the probe', () => {
  test('passes a store that honours conditional writes, repeatedly and concurrently', async () => {
    const { store } = await open();
    await Promise.all([store.probe(), store.probe(), store.probe()]);
    await store.probe();
    expect(await store.list('')).toEqual([PROBE_KEY]);
  });

  test('passes even if an answer is lost', async () => {
    const { endpoint, store } = await open();
    endpoint.faults = firstCalls(1, 'PutObject', 'drop');
    await expect(store.probe()).resolves.toBeUndefined();
  });

  test.each(['If-None-Match', 'If-Match'] as const)('refuses a store that ignores %s', async (header) => {
    const { store } = await open(new ForgetfulStore(header));
    await expect(store.probe()).rejects.toMatchObject({
      code: 'STORE_UNCONDITIONAL',
      kind: 'configuration',
      message: expect.stringContaining(header) as string,
    });
  });
});

test('a body of several megabytes arrives whole', async () => {
  const { store } = await open();
  const large = Buffer.alloc(9 * 1024 * 1024, 'bronze');
  await store.putIfAbsent('large', large);
  expect(large.equals((await store.get('large'))?.body ?? new Uint8Array())).toBe(true);
});

test('a key that a folder can’t hold is an error, and not a file somewhere else', async () => {
  const folder = await FolderObjectStore.open(`${process.env['TMPDIR'] ?? '/tmp'}/bronze-s3-${crypto.randomUUID()}`);
  const endpoint = await AwsEndpoint.start({ openBucket: async () => folder });
  onTestFinished(() => endpoint.close());
  await endpoint.createBucket('bronze');
  const store = new S3ObjectStore(new S3Client(endpoint.client_config), 'bronze');
  await expect(store.putIfAbsent('a/../../b', body)).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
});
