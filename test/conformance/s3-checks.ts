import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { S3ObjectStore } from '@bronze/common/adapters/aws/s3-object-store';
import { type Check, holds } from './checks.ts';

const KEYS = 1203;
const AT_A_TIME = 20;

/** What Bronze requires of an object store. The checks use a prefix of their own, and the last one empties it. */
export function s3Checks(client: S3Client, bucket: string): Check[] {
  const store = new S3ObjectStore(client, bucket);
  const prefix = `conformance/${randomUUID()}/`;
  const key = (name: string) => prefix + name;
  return [
    { name: 'the probe at start passes', run: () => store.probe() },
    ...writeChecks(store, key),
    ...listChecks(store, key),
    {
      name: 'a streamed upload is stored without its framing',
      run: () => streams(client, bucket, store, key('stream')),
    },
    { name: 'a removed object is gone, and removing it again does nothing', run: () => removes(store, prefix) },
  ];
}

function writeChecks(store: S3ObjectStore, key: (name: string) => string): Check[] {
  return [
    {
      name: 'If-None-Match: of 20 concurrent creates one wins, and the object keeps its bytes',
      run: async () => {
        const bodies = Array.from({ length: 20 }, (_, index) => Buffer.from(String(index)));
        const puts = await Promise.all(bodies.map((body) => store.putIfAbsent(key('once'), body)));
        holds('winners', puts.filter((put) => put === 'created').length, 1);
        holds('body', await textOf(store, key('once')), String(puts.indexOf('created')));
      },
    },
    {
      name: 'If-Match: a counter ends at 200 after 200 concurrent swaps',
      run: async () => {
        await Promise.all(Array.from({ length: 10 }, () => swapTimes(store, key('count'), 20)));
        holds('count', await textOf(store, key('count')), '200');
      },
    },
    {
      name: 'If-Match: a swap with an old ETag fails, and so does one of a missing object',
      run: async () => {
        await store.putIfAbsent(key('swap'), Buffer.from('1'));
        const before = await store.get(key('swap'));
        holds('first swap', await store.replace(key('swap'), Buffer.from('2'), before?.etag), true);
        holds('swap with the old ETag', await store.replace(key('swap'), Buffer.from('3'), before?.etag), false);
        holds('swap of nothing', await store.replace(key('none'), Buffer.from('1'), before?.etag), false);
        holds('body', await textOf(store, key('swap')), '2');
      },
    },
    {
      name: 'a write is visible at once, even if the key was read as missing just before',
      run: async () => {
        for (let round = 0; round < 20; round += 1) {
          const fresh = key(`fresh-${round}`);
          holds('before', await store.get(fresh), undefined);
          await store.putIfAbsent(fresh, Buffer.from(String(round)));
          holds('after', await textOf(store, fresh), String(round));
        }
      },
    },
    {
      name: 'a body of 20 MiB is read back unchanged',
      run: async () => {
        const body = Buffer.alloc(20 * 1024 * 1024, 'bronze');
        await store.putIfAbsent(key('large'), body);
        holds('same bytes', body.equals((await store.get(key('large')))?.body ?? new Uint8Array()), true);
      },
    },
  ];
}

function listChecks(store: S3ObjectStore, key: (name: string) => string): Check[] {
  return [
    {
      name: `a listing of ${KEYS} keys is complete, in byte order, and includes the last write`,
      run: async () => {
        const keys = Array.from({ length: KEYS }, (_, index) => key(`list/${index}`));
        for (let from = 0; from < KEYS; from += AT_A_TIME) {
          const some = keys.slice(from, from + AT_A_TIME);
          await Promise.all(some.map((one) => store.putIfAbsent(one, Buffer.from(''))));
        }
        holds('keys', await store.list(key('list/')), sorted(keys));
      },
    },
    {
      // No key is another's folder: Bronze writes none such, and servers that keep folders refuse them.
      name: 'byte order: upper case before lower case, `-` before `/`, non-ASCII last; a prefix may end anywhere',
      run: async () => {
        const keys = ['a/x', 'a-x', 'B', 'aa', 'ä', 'a=1/b c', 'a/y/z', '😀', 'ﬀ'].map((name) => key(`order/${name}`));
        for (const one of keys) await store.putIfAbsent(one, Buffer.from(''));
        holds('keys', await store.list(key('order/')), sorted(keys));
        const some = keys.filter((one) => one.startsWith(key('order/a/')));
        holds('keys of a prefix', await store.list(key('order/a/')), sorted(some));
      },
    },
  ];
}

async function swapTimes(store: S3ObjectStore, key: string, times: number): Promise<void> {
  for (let done = 0; done < times;) {
    const current = await store.get(key);
    const next = Number(Buffer.from(current?.body ?? []).toString() || '0') + 1;
    if (await store.replace(key, Buffer.from(String(next)), current?.etag)) done += 1;
  }
}

/** S3 accepts fewer bytes only in the last chunk of a body. */
const CHUNK_BYTES_MIN = 8192;

async function streams(client: S3Client, bucket: string, store: S3ObjectStore, key: string): Promise<void> {
  const chunks = [Buffer.alloc(CHUNK_BYTES_MIN, 'bronze'), Buffer.from('the last one')];
  const body = Buffer.concat(chunks);
  const streamed = { Body: Readable.from(chunks), ContentLength: body.length };
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, ...streamed }));
  holds('same bytes', body.equals((await store.get(key))?.body ?? new Uint8Array()), true);
}

/** Also cleans up after the other checks. */
async function removes(store: S3ObjectStore, prefix: string): Promise<void> {
  const keys = await store.list(prefix);
  for (let from = 0; from < keys.length; from += AT_A_TIME) {
    await Promise.all(keys.slice(from, from + AT_A_TIME).map((one) => store.remove(one)));
  }
  await store.remove(`${prefix}once`);
  holds('keys left', await store.list(prefix), []);
}

async function textOf(store: S3ObjectStore, key: string): Promise<string> {
  return Buffer.from((await store.get(key))?.body ?? []).toString();
}

function sorted(keys: readonly string[]): string[] {
  return keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
