import { randomUUID } from 'node:crypto';
import { SqsTaskQueue } from '@bronze/common/adapters/aws/sqs-task-queue';
import { entityNameSchema } from '@bronze/common/words/entity';
import type { ExtractRequest } from '@bronze/common/load/messages';
import * as z from 'zod/mini';
import { type AwsOptions, AwsTarget } from '../aws-target.ts';
import { EXIT, usageError } from '../exit-code.ts';
import { type Format, print, printJson } from '../terminal/output.ts';

export interface EnqueueOptions extends AwsOptions {
  readonly full?: boolean;
  readonly output: Format;
}

/** `bronze enqueue <entity>`: asks the pipeline in AWS for one entity, beside its schedule. */
export async function enqueueCommand(entity: string, options: EnqueueOptions): Promise<number> {
  if (!z.safeParse(entityNameSchema, entity).success) {
    throw usageError(`${JSON.stringify(entity.slice(0, 80))} is no name of an entity`, 'Such as: orders.');
  }
  const target = new AwsTarget(options);
  const queue_url = await target.queueUrl('extract');
  const request: ExtractRequest = {
    entity,
    load_id: randomUUID(),
    ...(options.full && { load_type: 'full' as const }),
  };
  await new SqsTaskQueue<ExtractRequest>(target.sqs, { queue_url }).send([request]);
  if (options.output === 'json') printJson(request);
  else print(`${entity} is asked for: load ${request.load_id}`);
  return EXIT.ok;
}
