import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { BronzeError } from '../../words/failure.ts';
import { allKeys } from '../../ports/list-pages.ts';
import { PROBE_KEY } from '../../load/object-keys.ts';
import type { ObjectStore, StoredObject } from '../../ports/object-store.ts';
import { backOff, errorName, isDenied, statusOf } from './aws-error.ts';

/** S3 answers 409 while another conditional write of the key is under way, which is a matter of milliseconds. */
const CONFLICTS_MAX = 8;

const PROBE_BODY = Buffer.from('Bronze writes this object twice and expects the second write to be refused.\n');

type Condition = { readonly IfNoneMatch: '*' } | { readonly IfMatch: string };

/**
 * Amazon S3, or another store that honours conditional writes as S3 does.
 *
 * The SDK retries a put whose answer was lost, and the retry then finds the object that the first attempt wrote. So
 * `exists` and `false` may mean our own write: callers read back what is stored.
 */
export class S3ObjectStore implements ObjectStore {
  readonly #client: S3Client;
  readonly #bucket: string;

  constructor(client: S3Client, bucket: string) {
    this.#client = client;
    this.#bucket = bucket;
  }

  async get(key: string): Promise<StoredObject | undefined> {
    try {
      const found = await this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key }));
      if (!found.ETag) throw unconditional('it returns no ETags');
      return { body: (await found.Body?.transformToByteArray()) ?? new Uint8Array(), etag: found.ETag };
    } catch (thrown) {
      if (errorName(thrown) === 'NoSuchKey') return undefined;
      throw this.#failure('GetObject', key, thrown);
    }
  }

  async putIfAbsent(key: string, body: Uint8Array): Promise<'created' | 'exists'> {
    return (await this.#put(key, body, { IfNoneMatch: '*' })) ? 'created' : 'exists';
  }

  async replace(key: string, body: Uint8Array, etag: string | undefined): Promise<boolean> {
    return this.#put(key, body, etag === undefined ? { IfNoneMatch: '*' } : { IfMatch: etag });
  }

  /** S3 itself lists in the order of the keys' UTF-8 bytes, a thousand at a time. */
  async list(prefix: string): Promise<readonly string[]> {
    return allKeys(async (token) => {
      const command = new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: prefix, ContinuationToken: token });
      const page = await this.#client.send(command).catch((thrown: unknown) => {
        throw this.#failure('ListObjectsV2', prefix, thrown);
      });
      const keys = (page.Contents ?? []).flatMap(({ Key }) => Key ?? []);
      return { keys, next: page.IsTruncated ? page.NextContinuationToken : undefined };
    });
  }

  async remove(key: string): Promise<void> {
    await this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: key })).catch((thrown: unknown) => {
      throw this.#failure('DeleteObject', key, thrown);
    });
  }

  /**
   * Refuses a store on which the commit protocol would silently lose data. It writes one object with a fixed key and
   * leaves it there, so no role needs the right to delete it, and processes may start at the same time.
   *
   * @throws BronzeError STORE_UNCONDITIONAL
   */
  async probe(): Promise<void> {
    await this.putIfAbsent(PROBE_KEY, PROBE_BODY);
    if ((await this.putIfAbsent(PROBE_KEY, PROBE_BODY)) === 'created') throw unconditional('it ignores If-None-Match');
    if (await this.replace(PROBE_KEY, PROBE_BODY, '"00000000000000000000000000000000"')) {
      throw unconditional('it ignores If-Match');
    }
    const stored = await this.get(PROBE_KEY);
    if (!stored || !PROBE_BODY.equals(stored.body)) throw unconditional('it returns other bytes than were put');
  }

  /** False if the condition did not hold. There is no put without a condition. */
  async #put(key: string, body: Uint8Array, condition: Condition): Promise<boolean> {
    const command = new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: body, ...condition });
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#client.send(command);
        return true;
      } catch (thrown) {
        if (isLost(thrown, condition)) return false;
        if (statusOf(thrown) !== 409 || attempt === CONFLICTS_MAX) throw this.#failure('PutObject', key, thrown);
        await backOff(attempt);
      }
    }
  }

  #failure(call: string, key: string, thrown: unknown): BronzeError {
    if (thrown instanceof BronzeError) return thrown;
    const what = `s3://${this.#bucket}/${key}: ${call}`;
    const name = errorName(thrown);
    if (name === 'NoSuchBucket' || name === 'PermanentRedirect') {
      return new BronzeError('STORE_MISSING', {
        message: `${what}: there is no such bucket in this region (${name})`,
        hint: 'Check the bucket’s name and AWS_REGION.',
      });
    }
    if (isDenied(thrown)) {
      return new BronzeError('STORE_DENIED', { message: `${what} is refused (${name})`, hint: deniedHint(call) });
    }
    if (statusOf(thrown) === 501) return unconditional(`${call} is not implemented there`);
    return new BronzeError('STORE_UNREACHABLE', {
      message: `${what} failed (${name})`,
      hint: 'It is retried. If this persists: is there a route or a gateway endpoint to S3?',
    });
  }
}

/** Status 412: the object has changed or exists. 404 with If-Match: the object is gone. */
function isLost(thrown: unknown, condition: Condition): boolean {
  return statusOf(thrown) === 412 || (errorName(thrown) === 'NoSuchKey' && 'IfMatch' in condition);
}

function deniedHint(call: string): string {
  if (call === 'GetObject') {
    return 'May this role call s3:GetObject on it, and s3:ListBucket on the bucket? Without s3:ListBucket S3 answers 403 for an object that does not exist.';
  }
  if (call === 'ListObjectsV2') return 'May this role call s3:ListBucket on the bucket with this prefix?';
  return `May this role call s3:${call} on it (and kms:GenerateDataKey on the bucket’s key)?`;
}

function unconditional(why: string): BronzeError {
  return new BronzeError('STORE_UNCONDITIONAL', {
    message: `the object store can’t be used for checkpoints: ${why}`,
    hint: 'Bronze needs conditional writes (If-None-Match, If-Match) and strong reads: use Amazon S3, or a store that passes `npm run conformance`.',
  });
}
