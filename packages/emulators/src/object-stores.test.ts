import { spawn } from 'node:child_process';
import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { S3ObjectStore } from '@bronze/common/adapters/aws/s3-object-store';
import type { ObjectStore } from '@bronze/common/ports/object-store';
import { describe, expect, onTestFinished, test } from 'vitest';
import { AwsEndpoint } from './aws-endpoint/aws-endpoint.ts';
import type { OpenBucket } from './aws-endpoint/s3-service.ts';
import { FolderObjectStore } from '@bronze/common/adapters/local/folder-object-store';
import { MemoryObjectStore } from './memory-object-store.ts';

const folder = () => mkdtemp(join(tmpdir(), 'bronze-store-'));
async function overS3(openBucket: OpenBucket): Promise<ObjectStore> {
  const endpoint = await AwsEndpoint.start({ openBucket });
  onTestFinished(() => endpoint.close());
  await endpoint.createBucket('bronze');
  return new S3ObjectStore(new S3Client(endpoint.client_config), 'bronze');
}

const STORES: readonly (readonly [string, () => Promise<ObjectStore>])[] = [
  ['in memory', async () => new MemoryObjectStore()],
  ['in a folder', async () => FolderObjectStore.open(await folder())],
  ['through S3, in memory', () => overS3(async () => new MemoryObjectStore())],
  ['through S3, in a folder', () => overS3(async () => FolderObjectStore.open(await folder()))],
];
const text = (body: Uint8Array | undefined) => Buffer.from(body ?? []).toString();

describe.each(STORES)('an object store %s', (_, open) => {
  test('get returns what was put, and undefined for a key that was never put', async () => {
    const store = await open();
    expect(await store.get('a/b')).toBeUndefined();
    const body = Buffer.from('hello');
    expect(await store.putIfAbsent('a/b', body)).toBe('created');
    body.fill(0);
    expect(text((await store.get('a/b'))?.body)).toBe('hello');
  });

  test('of twenty concurrent put-if-absent calls one wins, and the object keeps its bytes', async () => {
    const store = await open();
    const puts = await Promise.all(
      Array.from({ length: 20 }, (_one, index) => store.putIfAbsent('a/b', Buffer.from(String(index)))),
    );
    expect(puts.filter((put) => put === 'created')).toHaveLength(1);
    expect(text((await store.get('a/b'))?.body)).toBe(String(puts.indexOf('created')));
  });

  test('a counter that is compared and swapped two hundred times concurrently ends at two hundred', async () => {
    const store = await open();
    const increment = async (): Promise<void> => {
      const current = await store.get('count');
      const next = Buffer.from(String(Number(text(current?.body) || '0') + 1));
      if (!(await store.replace('count', next, current?.etag))) return increment();
    };
    const twenty = async () => {
      for (let swap = 0; swap < 20; swap += 1) await increment();
    };
    await Promise.all(Array.from({ length: 10 }, twenty));
    expect(text((await store.get('count'))?.body)).toBe('200');
  });

  test('a compare-and-swap fails if the key is missing, or exists although it was expected to be missing', async () => {
    const store = await open();
    expect(await store.replace('x', Buffer.from('1'), '"no"')).toBe(false);
    expect(await store.replace('x', Buffer.from('1'), undefined)).toBe(true);
    expect(await store.replace('x', Buffer.from('2'), undefined)).toBe(false);
  });

  test('list returns all keys with a prefix, in byte order, even if the prefix ends inside a name', async () => {
    const store = await open();
    const keys = Array.from({ length: 1203 }, (_one, index) => `p/slice-${index}`);
    for (const key of [...keys, 'p/Z', 'q/a', 'p/slice-x/nested']) await store.putIfAbsent(key, Buffer.from(''));
    const listed = await store.list('p/slice-');
    expect(listed).toEqual(
      [...keys, 'p/slice-x/nested'].toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
    expect(await store.list('none/')).toEqual([]);
  });

  test('remove deletes an object, and does nothing if it is missing', async () => {
    const store = await open();
    await store.putIfAbsent('a', Buffer.from(''));
    await store.remove('a');
    await store.remove('a');
    expect(await store.get('a')).toBeUndefined();
  });
});

describe('a folder', () => {
  test('compare-and-swap and put-if-absent are atomic between processes', async () => {
    const root = await folder();
    const script = `
      import { FolderObjectStore } from '${join(import.meta.dirname, '../../common/src/adapters/local/folder-object-store.ts')}';
      const store = await FolderObjectStore.open(${JSON.stringify(root)});
      let won = 0;
      for (let round = 0; round < 50; round += 1) {
        if ((await store.putIfAbsent('once/' + round, Buffer.from('x'))) === 'created') won += 1;
        for (;;) {
          const current = await store.get('count');
          const next = Buffer.from(String(Number(Buffer.from(current?.body ?? []).toString() || '0') + 1));
          if (await store.replace('count', next, current?.etag)) break;
        }
      }
      console.log(won);`;
    const runs = await Promise.all(Array.from({ length: 4 }, () => run(script)));
    const store = await FolderObjectStore.open(root);
    expect(text((await store.get('count'))?.body)).toBe('200');
    expect(runs.reduce((sum, won) => sum + Number(won), 0)).toBe(50);
    expect(await readdir(join(root, '.bronze', 'writing'))).toEqual([]);
  });

  test('an edit by hand changes the etag, so a swap that read the object before it fails', async () => {
    const root = await folder();
    const store = await FolderObjectStore.open(root);
    await store.replace('checkpoints.json', Buffer.from('{}'), undefined);
    const read = await store.get('checkpoints.json');
    await writeFile(join(root, 'checkpoints.json'), '{ }');
    expect(await store.replace('checkpoints.json', Buffer.from('{"a":1}'), read?.etag)).toBe(false);
  });

  test.each(['../escape', 'a/../../b', '/etc/passwd', 'a//b', '.bronze/lock.sqlite', ''])(
    'no key reaches outside the folder: %j',
    async (key) => {
      const store = await FolderObjectStore.open(await folder());
      await expect(store.putIfAbsent(key, Buffer.from(''))).rejects.toThrow(RangeError);
    },
  );
});

function run(script: string): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('close', (code) => (code === 0 ? resolve(out.trim()) : reject(new Error(`exit ${code}`))));
  });
}
