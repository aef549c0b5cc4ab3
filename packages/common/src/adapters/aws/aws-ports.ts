import { AsyncLocalStorage } from 'node:async_hooks';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { CheckpointStore } from '../../load/checkpoint-store.ts';
import type { Clock } from '../../ports/clock.ts';
import { newTableIn, openCheckpoints } from './open-checkpoints.ts';
import { S3ObjectStore } from './s3-object-store.ts';
import { CALL_LIMITS, SdkRetries } from './sdk-retries.ts';
import { SystemClock } from '../system-clock.ts';

/**
 * The ports on AWS. Region, credentials and endpoint are those that the SDK is configured with. Calls that fail are
 * repeated while the running invocation has time.
 */
export class AwsPorts {
  readonly objects: S3ObjectStore;
  readonly checkpoints: CheckpointStore;
  readonly clock: Clock;
  readonly sqs: SQSClient;
  /** For further clients. */
  readonly client_config;
  readonly #remainingMs = new AsyncLocalStorage<() => number>();
  #probe: Promise<void> | undefined;

  constructor(bucket: string, clock: Clock = new SystemClock()) {
    this.clock = clock;
    const remainingMs = () => this.#remainingMs.getStore()?.() ?? 0;
    const retryStrategy = new SdkRetries({ clock, random: Math.random, remainingMs });
    this.client_config = { retryStrategy, requestHandler: CALL_LIMITS };
    this.sqs = new SQSClient(this.client_config);
    this.objects = new S3ObjectStore(new S3Client(this.client_config), bucket);
    this.checkpoints = openCheckpoints(this.objects, newTableIn(process.env), this.client_config);
  }

  /** Does the work of an invocation. @param remainingMs what is left of its time */
  within<T>(remainingMs: () => number, work: () => Promise<T>): Promise<T> {
    return this.#remainingMs.run(remainingMs, work);
  }

  /** Checks once per process that the bucket honours conditional writes (see `probe`); again only after a failure. */
  async verifyConditionalWrites(): Promise<void> {
    this.#probe ??= this.objects.probe();
    await this.#probe.catch((thrown: unknown) => {
      this.#probe = undefined;
      throw thrown;
    });
  }
}
