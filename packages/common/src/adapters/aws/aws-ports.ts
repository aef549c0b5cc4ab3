import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { CheckpointStore } from '../../load/checkpoint-store.ts';
import { newTableIn, openCheckpoints } from './open-checkpoints.ts';
import { S3ObjectStore } from './s3-object-store.ts';
import { SystemClock } from '../system-clock.ts';

/** The ports on AWS. Region, credentials, endpoint and retries are those that the SDK is configured with. */
export class AwsPorts {
  readonly objects: S3ObjectStore;
  readonly checkpoints: CheckpointStore;
  readonly clock = new SystemClock();
  readonly sqs = new SQSClient({});
  #probe: Promise<void> | undefined;

  constructor(bucket: string) {
    this.objects = new S3ObjectStore(new S3Client({}), bucket);
    this.checkpoints = openCheckpoints(this.objects, newTableIn(process.env));
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
