/**
 * What the state machine of `ORCHESTRATION=stepfunctions` calls: it requests an entity when its turn has come, and every
 * minute tells the state machine which loads have ended. `orchestration/` says how.
 */
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { AwsPorts } from '@bronze/common/adapters/aws/aws-ports';
import { SqsTaskQueue } from '@bronze/common/adapters/aws/sqs-task-queue';
import { Telemetry } from '@bronze/common/adapters/aws/telemetry';
import { requireVariables } from '@bronze/common/adapters/aws/lambda-environment';
import type { ExtractRequest } from '@bronze/common/load/messages';
import middy from '@middy/core';
import config from '../../../bronze.config.ts';
import { StepFunctions } from './adapters/step-functions.ts';
import { type OrchestratorPorts, reportEnds, takeTurn } from './orchestration/orchestrate.ts';
import { decodeOrchestratorEvent, type Summary, summaryOf } from './orchestration/turn.ts';

const telemetry = new Telemetry('orchestrator');
let opened: OrchestratorPorts | undefined;

function open(): OrchestratorPorts {
  const variables = requireVariables(process.env, ['S3_BUCKET_NAME', 'EXTRACT_QUEUE_URL']);
  const { objects, checkpoints, clock, sqs } = new AwsPorts(variables.S3_BUCKET_NAME);
  const requests = new SqsTaskQueue<ExtractRequest>(sqs, { queue_url: variables.EXTRACT_QUEUE_URL });
  const callbacks = new StepFunctions();
  return { objects, checkpoints, clock, requests, callbacks, log: telemetry, load_type: process.env['LOAD_TYPE'] };
}

export const handler = middy<unknown, Summary | undefined>()
  .use(injectLambdaContext(telemetry.logger))
  .handler(async (event) => {
    const asked = decodeOrchestratorEvent(event);
    if (asked.kind === 'finish') return summaryOf(asked.ends);
    opened ??= open();
    if (asked.kind === 'report') await reportEnds(opened);
    else await takeTurn(opened, config, asked.turn);
    return undefined;
  });
