import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { CheckpointFile } from '../../load/checkpoint-file.ts';
import { S3ObjectStore } from './s3-object-store.ts';
import { SystemClock } from '../system-clock.ts';

/** The world as AWS gives it, with the SDK's own configuration: region, credentials, endpoint and retries. */
export class AwsPorts {
  readonly objects: S3ObjectStore;
  readonly checkpoints: CheckpointFile;
  readonly clock = new SystemClock();
  readonly sqs = new SQSClient({});
  #probe: Promise<void> | undefined;

  constructor(bucket: string) {
    this.objects = new S3ObjectStore(new S3Client({}), bucket);
    this.checkpoints = new CheckpointFile(this.objects);
  }

  /** Once: a store that ignores conditional writes would lose data. Asked again after a failure. */
  async verifyConditionalWrites(): Promise<void> {
    this.#probe ??= this.objects.probe();
    await this.#probe.catch((thrown: unknown) => {
      this.#probe = undefined;
      throw thrown;
    });
  }
}
