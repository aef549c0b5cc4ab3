import type { SqsDeadLetter } from '@bronze/common/adapters/aws/sqs-dead-letters';
import { EXIT, usageError } from '../exit-code.ts';
import { AwsTarget } from '../target/aws-target.ts';
import { type QueueName, QUEUES } from '../target/target.ts';
import type { AwsOptions } from '../target/target-options.ts';
import { flexible, type Format, kept, print, printJson, printTable, right } from '../terminal/output.ts';

export interface DlqOptions extends AwsOptions {
  readonly entity?: string;
  readonly all?: boolean;
  readonly output: Format;
}

interface Found extends SqsDeadLetter {
  readonly queue: QueueName;
}

/** `bronze dlq list`: lists the messages in the dead-letter queues. Exit code 4 if there are any. */
export async function dlqListCommand(options: DlqOptions): Promise<number> {
  const found = await fromEach(options, (queue) => queue.list(options.entity));
  show(found, options.output, 'The dead-letter queues are empty.');
  return found.length === 0 ? EXIT.ok : EXIT.unhealthy;
}

/**
 * `bronze dlq replay`: sends messages from the dead-letter queues back to their queues.
 * @throws BronzeError CONFIG_INVALID unless exactly one of `entity` and `all` is given
 */
export async function dlqReplayCommand(options: DlqOptions): Promise<number> {
  if ((options.entity === undefined) === (options.all !== true)) {
    throw usageError(
      'dlq replay needs either --entity or --all',
      'Pass --entity <name> for one entity, --all for all.',
    );
  }
  const replayed = await fromEach(options, (queue) => queue.replay(options.entity));
  show(replayed, options.output, 'There is nothing to replay.');
  return EXIT.ok;
}

async function fromEach(
  options: DlqOptions,
  of: (queue: Awaited<ReturnType<AwsTarget['deadLetterQueue']>>) => Promise<SqsDeadLetter[]>,
): Promise<Found[]> {
  const target = await AwsTarget.open(options);
  const found: Found[] = [];
  for (const queue of QUEUES) {
    for (const letter of await of(await target.deadLetterQueue(queue))) found.push({ queue, ...letter });
  }
  return found;
}

function show(found: readonly Found[], output: Format, nothing: string): void {
  if (output === 'json') printJson(found);
  else if (found.length === 0) print(nothing);
  else {
    printTable(
      ['queue', kept('entity'), 'sent at', 'receives', flexible('message', 20)],
      found.map((one) => [one.queue, one.entity, one.sent_at, right(String(one.receive_count)), one.body]),
    );
  }
}
