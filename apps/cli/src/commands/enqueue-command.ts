import { randomUUID } from 'node:crypto';
import { SqsTaskQueue } from '@bronze/common/adapters/aws/sqs-task-queue';
import { entityNameSchema } from '@bronze/common/words/entity';
import type { ExtractRequest } from '@bronze/common/load/messages';
import * as z from 'zod/mini';
import { EXIT, usageError } from '../exit-code.ts';
import { AwsTarget } from '../target/aws-target.ts';
import type { AwsOptions } from '../target/target-options.ts';
import { type Format, print, printJson } from '../terminal/output.ts';

export interface EnqueueOptions extends AwsOptions {
  readonly full?: boolean;
  readonly output: Format;
}

/**
 * `bronze enqueue <entity>`: requests a load of one entity from the pipeline in AWS, outside its schedule.
 * @throws BronzeError CONFIG_INVALID if the entity's name is malformed; whether the entity is configured is not checked
 */
export async function enqueueCommand(entity: string, options: EnqueueOptions): Promise<number> {
  if (!z.safeParse(entityNameSchema, entity).success) {
    throw usageError(
      `${entity.includes('://') ? 'a URL' : JSON.stringify(entity.slice(0, 80))} is not the name of an entity`,
      'Pass a name such as orders.',
    );
  }
  const target = await AwsTarget.open(options);
  const queue_url = await target.queueUrl('extract');
  const request: ExtractRequest = {
    entity,
    load_id: randomUUID(),
    ...(options.full && { load_type: 'full' as const }),
  };
  await new SqsTaskQueue<ExtractRequest>(target.sqs, { queue_url }).send([request]);
  if (options.output === 'json') printJson(request);
  else print(`Requested ${entity}: load ${request.load_id}`);
  return EXIT.ok;
}
