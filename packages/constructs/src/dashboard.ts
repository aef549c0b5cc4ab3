import { NAMESPACE } from '@bronze/common/adapters/aws/metrics';
import { Duration } from 'aws-cdk-lib';
import { AlarmStatusWidget, type Alarm, Dashboard, GraphWidget, MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { BronzePipeline } from './bronze-pipeline.ts';

export interface PipelineDashboardProps {
  readonly name: string;
  readonly pipeline: BronzePipeline;
  readonly alarms: readonly Alarm[];
}

const HOUR_SECONDS = 3600;

/** One page that shows what is wrong, how far behind entities are, how many rows flow, and what waits in queues. */
export class PipelineDashboard extends Construct {
  constructor(scope: Construct, id: string, { name, pipeline, alarms }: PipelineDashboardProps) {
    super(scope, id);
    const { extractQueue, writeQueue, functions } = pipeline;
    const graph = (title: string, metric: readonly [name: string, statistic: string]) =>
      graphByEntity(pipeline.name, title, metric);
    const queues = [extractQueue.queue, extractQueue.deadLetters, writeQueue.queue, writeQueue.deadLetters];
    new Dashboard(this, 'Dashboard', {
      dashboardName: name,
      widgets: [
        [new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: 24 })],
        [
          graph('Seconds behind, by entity', ['FreshnessLagSeconds', 'Maximum']),
          graph('Rows extracted', ['RowsExtracted', 'Sum']),
        ],
        [
          graph('Seconds held back by open transactions', ['WatermarkLagSeconds', 'Maximum']),
          graph('Loads without an exact window', ['WindowFallbacks', 'Sum']),
        ],
        [graph('Rows written', ['RowsWritten', 'Sum']), graph('Rows quarantined', ['RowsQuarantined', 'Sum'])],
        [
          graph('Columns added, dropped, renamed or retyped', ['SchemaChanges', 'Sum']),
          graph('Deliveries that failed', ['BatchItemFailures', 'Sum']),
        ],
        [
          graph('Sources that did not answer', ['SourceUnreachable', 'Sum']),
          graph('Failures that no retry can help', ['PermanentFailures', 'Sum']),
        ],
        [
          new GraphWidget({
            title: 'Messages in queues and dead-letter queues',
            width: 12,
            left: queues.map((queue) => queue.metricApproximateNumberOfMessagesVisible()),
          }),
          new GraphWidget({
            title: 'Longest invocations',
            width: 12,
            left: Object.values(functions).map((fn) => fn.metricDuration({ statistic: 'Maximum' })),
          }),
        ],
      ],
    });
  }
}

/** A graph of one of the pipeline's metrics by the hour, with a line for each entity. */
function graphByEntity(
  pipeline: string,
  title: string,
  [metric, statistic]: readonly [name: string, statistic: string],
): GraphWidget {
  const found = `{${NAMESPACE},entity,pipeline,service} MetricName="${metric}" pipeline="${pipeline}"`;
  const expression = `SEARCH('${found}', '${statistic}', ${HOUR_SECONDS})`;
  const left = [new MathExpression({ expression, label: '', period: Duration.hours(1) })];
  return new GraphWidget({ title, width: 12, left });
}
