/**
 * Measures every five minutes by how many seconds each entity is behind (`FreshnessLagSeconds`), and whether the schedule
 * missed a run (`ScheduleSilentSeconds`). Both are gauges, so that they show what is missing as well as what is late.
 */
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { AwsPorts } from '@bronze/common/adapters/aws/aws-ports';
import { FRESHNESS_LAG } from '@bronze/common/adapters/aws/metrics';
import { Telemetry } from '@bronze/common/adapters/aws/telemetry';
import { requireVariables } from '@bronze/common/adapters/aws/lambda-environment';
import middy from '@middy/core';
import config from '../../../bronze.config.ts';
import type { Freshness } from './freshness.ts';
import { type Measured, measureFreshness } from './measure-freshness.ts';

const telemetry = new Telemetry('freshness');
let aws: AwsPorts | undefined;

export const handler = middy<unknown, readonly Freshness[]>()
  .use(injectLambdaContext(telemetry.logger))
  .handler(async (_event, context) => {
    const variables = requireVariables(process.env, ['S3_BUCKET_NAME', 'SCHEDULE_HOUR']);
    const opened = (aws ??= new AwsPorts(variables.S3_BUCKET_NAME));
    const measured = await opened.within(
      () => context.getRemainingTimeInMillis(),
      () => measureFreshness(opened, config, Number(variables.SCHEDULE_HOUR)),
    );
    report(telemetry, measured);
    return measured.entities;
  });

export function report(to: Telemetry, { entities, schedule_silent_seconds }: Measured): void {
  for (const { entity, lag_seconds, is_late, ...rest } of entities) {
    to.measure(entity, [[FRESHNESS_LAG, lag_seconds, MetricUnit.Seconds]]);
    if (is_late) to.logger.warn('entity_late', { entity, lag_seconds, ...rest });
  }
  to.measurePipeline('ScheduleSilentSeconds', schedule_silent_seconds, MetricUnit.Seconds);
}
