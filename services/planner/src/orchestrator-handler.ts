/**
 * What the state machine of `ORCHESTRATION=stepfunctions` calls: it requests an entity when its turn has come, and every
 * minute tells the state machine which loads have ended. `orchestration/` says how.
 */
import { SFNClient } from '@aws-sdk/client-sfn';
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
interface Opened {
  readonly aws: AwsPorts;
  readonly ports: OrchestratorPorts;
}

let opened: Opened | undefined;

function open(): Opened {
  const variables = requireVariables(process.env, ['S3_BUCKET_NAME', 'EXTRACT_QUEUE_URL']);
  const aws = new AwsPorts(variables.S3_BUCKET_NAME);
  const { objects, checkpoints, clock, sqs } = aws;
  const requests = new SqsTaskQueue<ExtractRequest>(sqs, { queue_url: variables.EXTRACT_QUEUE_URL });
  const callbacks = new StepFunctions(new SFNClient(aws.client_config));
  return { aws, ports: { objects, checkpoints, clock, requests, callbacks, log: telemetry } };
}

export const handler = middy<unknown, Summary | undefined>()
  .use(injectLambdaContext(telemetry.logger))
  .handler(async (event, context) => {
    const asked = decodeOrchestratorEvent(event);
    if (asked.kind === 'finish') return summaryOf(asked.ends);
    const { aws, ports } = (opened ??= open());
    await aws.within(
      () => context.getRemainingTimeInMillis(),
      () => (asked.kind === 'report' ? reportEnds(ports) : takeTurn(ports, config, asked.turn)),
    );
    return undefined;
  });
