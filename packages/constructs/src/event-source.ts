import { Names } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';

/** Makes a queue deliver to a function, one message at a time. Its id is that of CDK's SqsEventSource, which grants more than Lambda needs. */
export function feed(to: IFunction, from: Queue, maxConcurrency: number): void {
  to.addEventSourceMapping(`SqsEventSource:${Names.nodeUniqueId(from.node)}`, {
    eventSourceArn: from.queueArn,
    batchSize: 1,
    reportBatchItemFailures: true,
    maxConcurrency,
  });
}
