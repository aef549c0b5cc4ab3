import type { ObjectStore } from '@bronze/common/ports/object-store';
import { etagOf } from '@bronze/common/adapters/local/etag';
import { MemoryObjectStore } from '../memory-object-store.ts';
import { type AwsCall, AwsRefusal, type AwsReply, type AwsRequest, type AwsService, reply } from './protocol.ts';
import { getReply } from './s3-get.ts';
import { errorXml, listXml } from './s3-xml.ts';
import { uploadBody } from './upload-body.ts';

/** The store that holds the objects of a bucket. */
export interface BucketStore extends ObjectStore {
  size(key: string): Promise<number | undefined>;
}

export type OpenBucket = (name: string) => Promise<BucketStore>;

const KEYS_MAX = 1000;

/** Any other query parameter names a feature that this endpoint lacks; it is refused, not ignored. */
const KNOWN_QUERY: ReadonlySet<string> = new Set([
  'x-id',
  'list-type',
  'prefix',
  'max-keys',
  'continuation-token',
  'start-after',
  'fetch-owner',
]);
const UNKNOWN_HEADERS = ['x-amz-copy-source', 'if-modified-since', 'if-unmodified-since'];

/** S3's REST interface with path-style addresses, on top of object stores. */
export class S3Service implements AwsService {
  readonly #buckets = new Map<string, BucketStore>();
  readonly #openBucket: OpenBucket;

  constructor(openBucket: OpenBucket = async () => new MemoryObjectStore()) {
    this.#openBucket = openBucket;
  }

  async createBucket(name: string): Promise<void> {
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) throw new AwsRefusal(400, 'InvalidBucketName');
    if (!this.#buckets.has(name)) this.#buckets.set(name, await this.#openBucket(name));
  }

  callOf(request: AwsRequest): AwsCall {
    const { key } = placeOf(request);
    return { service: 's3', action: ACTIONS[request.method]?.[key === '' ? 0 : 1] ?? 'Unknown', name: key };
  }

  async handle(request: AwsRequest, { action }: AwsCall): Promise<AwsReply> {
    const unknown = [...request.query.keys()].find((name) => !KNOWN_QUERY.has(name) && !name.startsWith('X-Amz-'));
    const header = UNKNOWN_HEADERS.find((name) => request.headers[name] !== undefined);
    if (unknown ?? header) throw new AwsRefusal(501, 'NotImplemented', unknown ?? header);
    const { bucket, key } = placeOf(request);
    if (action === 'CreateBucket') {
      await this.createBucket(bucket);
      return reply(200, { location: `/${bucket}` });
    }
    const store = this.#buckets.get(bucket);
    if (!store) throw new AwsRefusal(404, 'NoSuchBucket');
    switch (action) {
      case 'HeadBucket':
        return reply(200);
      case 'ListObjectsV2':
        return listReply(store, bucket, request.query);
      case 'GetObject':
      case 'HeadObject':
        return getReply(await store.get(key), request);
      case 'PutObject':
        return putReply(store, key, request);
      case 'DeleteObject':
        await store.remove(key);
        return reply(204);
      default:
        throw new AwsRefusal(501, 'NotImplemented');
    }
  }

  refuse({ status, code, message }: AwsRefusal, request: AwsRequest): AwsReply {
    return reply(status, { 'content-type': 'application/xml' }, errorXml(code, message, request.path));
  }
}

/** By method: the action on a bucket, and the action on an object. */
const ACTIONS: Readonly<Record<string, readonly [string, string]>> = {
  PUT: ['CreateBucket', 'PutObject'],
  GET: ['ListObjectsV2', 'GetObject'],
  HEAD: ['HeadBucket', 'HeadObject'],
  DELETE: ['DeleteBucket', 'DeleteObject'],
};

function placeOf({ path }: AwsRequest): { bucket: string; key: string } {
  const [, bucket = '', ...rest] = path.split('/').map((part) => decodeURIComponent(part));
  return { bucket, key: rest.join('/') };
}

async function putReply(store: BucketStore, key: string, request: AwsRequest): Promise<AwsReply> {
  const body = uploadBody(request);
  const ifNoneMatch = request.headers['if-none-match'];
  const ifMatch = request.headers['if-match'];
  if (ifNoneMatch !== undefined && (ifNoneMatch !== '*' || ifMatch !== undefined)) {
    throw new AwsRefusal(501, 'NotImplemented', 'If-None-Match must be *, without If-Match');
  }
  if (ifMatch !== undefined) await putIfMatch(store, key, body, ifMatch);
  else if (ifNoneMatch === undefined) await putAnyway(store, key, body);
  else if ((await store.putIfAbsent(key, body)) === 'exists') throw new AwsRefusal(412, 'PreconditionFailed');
  return reply(200, { etag: etagOf(body) });
}

async function putIfMatch(store: BucketStore, key: string, body: Buffer, etag: string): Promise<void> {
  if (await store.replace(key, body, etag)) return;
  throw (await store.size(key)) === undefined
    ? new AwsRefusal(404, 'NoSuchKey')
    : new AwsRefusal(412, 'PreconditionFailed');
}

/** Overwrites. The port has no unconditional put, because Bronze uses none; other clients of a bucket do. */
async function putAnyway(store: BucketStore, key: string, body: Buffer): Promise<void> {
  for (;;) {
    if ((await store.putIfAbsent(key, body)) === 'created') return;
    const current = await store.get(key);
    if (current && (await store.replace(key, body, current.etag))) return;
  }
}

async function listReply(store: BucketStore, bucket: string, query: URLSearchParams): Promise<AwsReply> {
  if (query.get('list-type') !== '2') throw new AwsRefusal(501, 'NotImplemented', 'only ListObjectsV2');
  const prefix = query.get('prefix') ?? '';
  if (prefix.split('/').includes('..')) throw new AwsRefusal(400, 'InvalidArgument', 'prefix');
  const keys_max = Math.min(KEYS_MAX, Number(query.get('max-keys') ?? KEYS_MAX));
  const token = query.get('continuation-token');
  const after = Buffer.from(token === null ? (query.get('start-after') ?? '') : Buffer.from(token, 'base64url'));
  const left = (await store.list(prefix)).filter((key) => Buffer.compare(Buffer.from(key), after) > 0);
  const keys = left.slice(0, keys_max);
  const objects = await Promise.all(keys.map(async (key) => ({ key, size_bytes: (await store.size(key)) ?? 0 })));
  const last = keys.length < left.length ? keys.at(-1) : undefined;
  const next_token = last === undefined ? undefined : Buffer.from(last).toString('base64url');
  const page = listXml({ bucket, prefix, keys_max, objects, next_token });
  return reply(200, { 'content-type': 'application/xml' }, page);
}
