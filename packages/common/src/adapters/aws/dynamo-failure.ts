import { BronzeError } from '../../words/failure.ts';
import { errorName, isDenied } from './aws-error.ts';

/** More requests than DynamoDB admits at the moment. The SDK has repeated the call already, with back-off. */
const THROTTLED: ReadonlySet<string> = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'Throttling',
  'RequestLimitExceeded',
]);

/** A failed call of DynamoDB as one of ours, in AWS's words. @param action `GetItem` */
export function dynamoFailure(table: string, action: string, thrown: unknown): BronzeError {
  const name = errorName(thrown);
  const what = `DynamoDB table ${table}: ${action}`;
  if (isDenied(thrown)) {
    return new BronzeError('STORE_DENIED', {
      message: `${what} is refused (${name})`,
      hint: `May this role call dynamodb:${action} on the table ${table} (and use its key, if it has one of its own)?`,
    });
  }
  if (name === 'ResourceNotFoundException') {
    return new BronzeError('STORE_MISSING', {
      message: `${what}: there is no such table in this region (${name})`,
      hint: 'Check the table’s name and AWS_REGION. CHECKPOINT_STORE=dynamodb makes the stack create it.',
    });
  }
  if (name === 'ValidationException') {
    return new BronzeError('STORE_MISSING', {
      message: `${what} is not accepted there (${name})`,
      hint: 'The table’s whole key must be `entity`, a string, and an item has at most 400 KB. Let the stack create it.',
    });
  }
  if (THROTTLED.has(name)) {
    return new BronzeError('STORE_UNREACHABLE', {
      message: `${what} is throttled (${name})`,
      hint: 'It is retried. If this persists: does the table have on-demand capacity, and no maximum that is too low?',
    });
  }
  return new BronzeError('STORE_UNREACHABLE', {
    message: `${what} failed (${name})`,
    hint: 'It is retried. If this persists: is there a route or a gateway endpoint to DynamoDB?',
  });
}
