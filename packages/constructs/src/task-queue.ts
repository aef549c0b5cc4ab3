import { RECEIVE_COUNT_MAX } from '@bronze/common/delivery/retry-policy';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

export interface TaskQueueProps {
  /** `EcomIngestionStack-extract`; its dead-letter queue has `-dlq` behind it. */
  readonly queueName: string;
  /** Of the function that it feeds. */
  readonly functionTimeout: Duration;
  /** Default: keys that SQS manages. */
  readonly key?: IKey | undefined;
}

/** AWS's own advice for event source mappings: a message must not come back while it is still being worked on. */
const VISIBILITY_TIMEOUTS = 6;

/** A standard queue with its dead-letter queue: encrypted, by TLS only. */
export class TaskQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: TaskQueueProps) {
    super(scope, id);
    const { key } = props;
    const common = {
      ...(key
        ? { encryption: QueueEncryption.KMS, encryptionMasterKey: key }
        : { encryption: QueueEncryption.SQS_MANAGED }),
      enforceSSL: true,
    };
    this.deadLetters = new Queue(this, 'DeadLetters', {
      ...common,
      queueName: `${props.queueName}-dlq`,
      // Not kept when its creation is rolled back: a name that is taken would fail the next attempt.
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      retentionPeriod: Duration.days(14),
    });
    this.queue = new Queue(this, 'Queue', {
      ...common,
      queueName: props.queueName,
      retentionPeriod: Duration.days(4),
      visibilityTimeout: Duration.seconds(props.functionTimeout.toSeconds() * VISIBILITY_TIMEOUTS),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: RECEIVE_COUNT_MAX },
    });
  }
}
