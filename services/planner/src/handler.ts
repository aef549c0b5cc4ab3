/** The planner as a Lambda function. `plan-run.ts` says what it does. */
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { AwsPorts } from '@bronze/common/adapters/aws/aws-ports';
import { SqsTaskQueue } from '@bronze/common/adapters/aws/sqs-task-queue';
import { Telemetry } from '@bronze/common/adapters/aws/telemetry';
import { requireVariables } from '@bronze/common/adapters/aws/lambda-environment';
import { validated } from '@bronze/common/delivery/run-log';
import type { ExtractRequest } from '@bronze/common/load/messages';
import type { Failure } from '@bronze/common/words/failure';
import type { TaskQueue } from '@bronze/common/ports/queue';
import middy from '@middy/core';
import config from '../../../bronze.config.ts';
import { decodePlanEvent } from './plan-event.ts';
import { checkedPlan, type Plan, planRun } from './plan-run.ts';

const telemetry = new Telemetry('planner');
let opened: { readonly aws: AwsPorts; readonly requests: TaskQueue<ExtractRequest> } | undefined;

function open() {
  const variables = requireVariables(process.env, ['S3_BUCKET_NAME', 'EXTRACT_QUEUE_URL']);
  const aws = new AwsPorts(variables.S3_BUCKET_NAME);
  return { aws, requests: new SqsTaskQueue<ExtractRequest>(aws.sqs, { queue_url: variables.EXTRACT_QUEUE_URL }) };
}

/** For a dry run: sends nothing and logs nothing. */
const NOWHERE = { requests: { send: async () => undefined }, log: { event: () => undefined } };

export const handler = middy<unknown, Plan>()
  .use(injectLambdaContext(telemetry.logger))
  .handler(async (event, context) => {
    opened ??= open();
    const { aws, requests } = opened;
    const readers = { objects: aws.objects, checkpoints: aws.checkpoints };
    const check = () => {
      const defaults = { load_type: process.env['LOAD_TYPE'], now: aws.clock.now() };
      return checkedPlan(config, decodePlanEvent(event, defaults));
    };
    if (isDryRun(event)) return planRun({ ...readers, ...NOWHERE }, config, check());
    return aws.within(
      () => context.getRemainingTimeInMillis(),
      async () => {
        const request = await validated(aws, { id: context.awsRequestId, unwritten }, check);
        return planRun({ ...readers, requests, log: telemetry }, config, request);
      },
    );
  });

function isDryRun(event: unknown): boolean {
  return Reflect.get(Object(event), 'dry_run') === true;
}

function unwritten(failure: Failure): void {
  telemetry.event({ kind: 'run_log_unwritten', entity: 'run', failure });
}
