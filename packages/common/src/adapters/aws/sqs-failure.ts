import { BronzeError } from '../../words/failure.ts';
import { errorName, isDenied } from './aws-error.ts';

/** An SDK error as a QUEUE_* failure. @param call the action as a policy names it: `sqs:SendMessage` */
export function sqsFailure(queue_url: string, call: string, thrown: unknown): BronzeError {
  const what = `queue ${queueName(queue_url)}: ${call}`;
  const name = errorName(thrown);
  if (name === 'QueueDoesNotExist' || name.endsWith('NonExistentQueue')) {
    return new BronzeError('QUEUE_MISSING', {
      message: `${what}: there is no such queue`,
      hint: 'Check the queue’s URL and AWS_REGION; in a command: --stack, --region and --profile.',
    });
  }
  if (isDenied(thrown)) {
    return new BronzeError('QUEUE_DENIED', {
      message: `${what} is refused (${name})`,
      hint: `May this role call ${call} on the queue (and kms:GenerateDataKey and kms:Decrypt on its key)?`,
    });
  }
  return new BronzeError('QUEUE_UNREACHABLE', {
    message: `${what} failed (${name})`,
    hint: 'It is retried. If this persists: is there a route or a VPC endpoint to SQS?',
  });
}

/** The queue's name, which is the last part of its URL. The rest would reveal the account. */
export function queueName(queue_url: string): string {
  return queue_url.slice(queue_url.lastIndexOf('/') + 1);
}
