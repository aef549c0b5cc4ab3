import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { PipelineEvent, Log } from '../../load/events.ts';

type Measured = readonly (readonly [name: string, value: number, unit: (typeof MetricUnit)[keyof typeof MetricUnit]])[];

const WARNINGS: ReadonlySet<PipelineEvent['kind']> = new Set([
  'message_failed',
  'source_retried',
  'source_waiting',
  'connections_lowered',
  'window_fallback',
  'strays_ignored',
  'schema_changed',
]);

/** One function's structured logs, and its CloudWatch metrics in the embedded metric format. */
export class Telemetry implements Log {
  readonly logger: Logger;
  readonly metrics: Metrics;

  /** @param service `planner`, `extractor` or `writer` */
  constructor(service: string) {
    this.logger = new Logger({ serviceName: service });
    this.metrics = new Metrics({ namespace: 'Bronze', serviceName: service });
  }

  event(event: PipelineEvent): void {
    const { kind, ...fields } = event;
    if (kind === 'run_log_unwritten') this.logger.error(kind, fields);
    else if (WARNINGS.has(kind)) this.logger.warn(kind, fields);
    else this.logger.info(kind, fields);
    this.measure(event.entity, measuredOf(event));
  }

  /** Each metric has two dimensions: the entity and the service. */
  measure(entity: string, measured: Measured): void {
    for (const [name, value, unit] of measured) {
      const single = this.metrics.singleMetric();
      single.addDimension('entity', entity);
      single.addMetric(name, unit, value);
    }
  }
}

function measuredOf(event: PipelineEvent): Measured {
  switch (event.kind) {
    case 'batch_staged':
      return [
        ['RowsExtracted', event.rows, MetricUnit.Count],
        ['BytesStaged', event.bytes, MetricUnit.Bytes],
      ];
    case 'task_written':
      return [
        ['RowsWritten', event.rows, MetricUnit.Count],
        ['BytesWritten', event.bytes, MetricUnit.Bytes],
        ['PartsWritten', event.parts, MetricUnit.Count],
        ['RowsQuarantined', event.rows_quarantined, MetricUnit.Count],
      ];
    case 'load_claimed':
      return event.watermark_lag_seconds === undefined
        ? []
        : [['WatermarkLagSeconds', event.watermark_lag_seconds, MetricUnit.Seconds]];
    case 'window_fallback':
      return [['WindowFallbacks', 1, MetricUnit.Count]];
    case 'schema_changed':
      return [['SchemaChanges', event.changes.length, MetricUnit.Count]];
    case 'source_retried':
      return [['SourceRetries', 1, MetricUnit.Count]];
    case 'message_failed':
      return [['BatchItemFailures', 1, MetricUnit.Count]];
    default:
      return [];
  }
}
