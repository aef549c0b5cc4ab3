/**
 * Measures every hour by how many seconds each entity is behind (`FreshnessLagSeconds`). The metric is a gauge, so that
 * it shows entities that are no longer loaded as well as those that are loaded late.
 */
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { AwsPorts } from '@bronze/common/adapters/aws/aws-ports';
import { Telemetry } from '@bronze/common/adapters/aws/telemetry';
import { requireVariables } from '@bronze/common/adapters/aws/lambda-environment';
import middy from '@middy/core';
import config from '../../../bronze.config.ts';
import { type Freshness, freshnessOf } from './freshness.ts';

const telemetry = new Telemetry('freshness');
let aws: AwsPorts | undefined;

export const handler = middy<unknown, readonly Freshness[]>()
  .use(injectLambdaContext(telemetry.logger))
  .handler(async (_event, context) => {
    const opened = (aws ??= new AwsPorts(requireVariables(process.env, ['S3_BUCKET_NAME']).S3_BUCKET_NAME));
    const checkpoints = await opened.within(
      () => context.getRemainingTimeInMillis(),
      () => opened.checkpoints.readAll(),
    );
    const found = freshnessOf(config, checkpoints, opened.clock.now());
    for (const { entity, lag_seconds } of found) {
      telemetry.measure(entity, [['FreshnessLagSeconds', lag_seconds, MetricUnit.Seconds]]);
    }
    return found;
  });
