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
import { decodePlanEvent, type PlanRequest } from './plan-event.ts';
import type { RunInput } from './orchestration/turn.ts';
import { SFNClient } from '@aws-sdk/client-sfn';
import { StepFunctions } from './adapters/step-functions.ts';
import { checkedPlan, type Plan, planRun } from './plan-run.ts';
import { recordPlan } from './schedule-watch.ts';

const telemetry = new Telemetry('planner');
let opened: Opened | undefined;

interface Opened {
  readonly aws: AwsPorts;
  readonly requests: TaskQueue<ExtractRequest>;
  /** Starts the execution that sends the requests in order; absent: the planner sends them. */
  start?(input: RunInput): Promise<void>;
}

function open(): Opened {
  const variables = requireVariables(process.env, ['S3_BUCKET_NAME', 'EXTRACT_QUEUE_URL']);
  const aws = new AwsPorts(variables.S3_BUCKET_NAME);
  const stateMachine = process.env['STATE_MACHINE_ARN'];
  if (stateMachine) {
    const executions = new StepFunctions(new SFNClient(aws.client_config));
    return { aws, requests: NOWHERE.requests, start: (input) => executions.start(stateMachine, input) };
  }
  return { aws, requests: new SqsTaskQueue<ExtractRequest>(aws.sqs, { queue_url: variables.EXTRACT_QUEUE_URL }) };
}

/** For a dry run: sends nothing and logs nothing. */
const NOWHERE = { requests: { send: async () => undefined }, log: { event: () => undefined } };

export const handler = middy<unknown, Plan>()
  .use(injectLambdaContext(telemetry.logger))
  .handler(async (event, context) => {
    const { aws, requests, start } = (opened ??= open());
    const readers = { objects: aws.objects, checkpoints: aws.checkpoints };
    const check = () => {
      const defaults = { load_type: process.env['LOAD_TYPE'], now: aws.clock.now() };
      return checkedPlan(config, decodePlanEvent(event, defaults));
    };
    return aws.within(
      () => context.getRemainingTimeInMillis(),
      async () => {
        if (isDryRun(event)) return planRun({ ...readers, ...NOWHERE }, config, check());
        const request = await validated(aws, { id: context.awsRequestId, unwritten }, check);
        const plan = await planRun({ ...readers, requests, log: telemetry }, config, request);
        if (plan.planned.length > 0) await start?.(runInputOf(request));
        if (!request.entities) await recordPlan(aws.objects, plan, request);
        return plan;
      },
    );
  });

function runInputOf({ scheduled_at, is_schedule, run_id, load_type, entities }: PlanRequest & { run_id: string }) {
  return {
    scheduled_at,
    is_schedule,
    run_id,
    ...(load_type && { load_type }),
    ...(entities && { entities: [...entities] }),
  };
}

function isDryRun(event: unknown): boolean {
  return Reflect.get(Object(event), 'dry_run') === true;
}

function unwritten(failure: Failure): void {
  telemetry.event({ kind: 'run_log_unwritten', entity: 'run', failure });
}
