import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { PipelineEvent, Log } from '../../load/events.ts';
import { type FailureCode, isRetryable } from '../../words/failure.ts';
import { NAMESPACE, PIPELINE_VARIABLE, type PipelineTotal } from './metrics.ts';

type Unit = (typeof MetricUnit)[keyof typeof MetricUnit];
type Measured = readonly (readonly [name: string, value: number, unit: Unit])[];

const WARNINGS: ReadonlySet<PipelineEvent['kind']> = new Set([
  'message_failed',
  'source_retried',
  'source_waiting',
  'connections_lowered',
  'window_fallback',
  'strays_ignored',
  'schema_changed',
]);

const TOTALS: ReadonlySet<string> = new Set<PipelineTotal>([
  'SourceUnreachable',
  'AwsUnreachable',
  'PermanentFailures',
  'RepeatedFailures',
  'RowsQuarantined',
  'SchemaChanges',
]);

/** A database is waited for first, for a minute: one that only restarts is none of these. */
const SOURCE_CODES: ReadonlySet<string> = new Set<FailureCode>([
  'SOURCE_UNREACHABLE',
  'SOURCE_INTERRUPTED',
  'SOURCE_FAILING',
]);

const AWS_CODES: ReadonlySet<string> = new Set<FailureCode>([
  'STORE_UNREACHABLE',
  'QUEUE_UNREACHABLE',
  'SECRET_UNAVAILABLE',
]);

/** From this delivery on, a failure is one that lasts: it comes after about four minutes (`retry-policy.ts`). */
const REPEATED_FROM = 6;

/** One function's structured logs, and its CloudWatch metrics in the embedded metric format. */
export class Telemetry implements Log {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly #pipeline: string;

  /**
   * @param service `planner`, `extractor`, `writer` or `freshness`
   * @param pipeline what keeps the metrics of several pipelines in one account apart: the stack's name
   */
  constructor(service: string, pipeline = process.env[PIPELINE_VARIABLE] ?? 'bronze') {
    this.logger = new Logger({ serviceName: service });
    this.metrics = new Metrics({ namespace: NAMESPACE, serviceName: service, defaultDimensions: { pipeline } });
    this.#pipeline = pipeline;
  }

  event(event: PipelineEvent): void {
    const { kind, ...fields } = event;
    if (kind === 'run_log_unwritten') this.logger.error(kind, fields);
    else if (WARNINGS.has(kind)) this.logger.warn(kind, fields);
    else this.logger.info(kind, fields);
    this.measure(event.entity, measuredOf(event));
  }

  /** Each metric has three dimensions: pipeline, entity and service. What alarms look at is there by pipeline alone, too. */
  measure(entity: string, measured: Measured): void {
    for (const [name, value, unit] of measured) {
      const single = this.metrics.singleMetric();
      single.addDimension('entity', entity);
      single.addMetric(name, unit, value);
      if (TOTALS.has(name) && value > 0) this.#total(name, value, unit);
    }
  }

  /** A metric of the pipeline as a whole. */
  measurePipeline(name: PipelineTotal, value: number, unit: Unit): void {
    this.#total(name, value, unit);
  }

  #total(name: string, value: number, unit: Unit): void {
    const single = this.metrics.singleMetric();
    single.clearDefaultDimensions();
    single.addDimensions({ pipeline: this.#pipeline });
    single.addMetric(name, unit, value);
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
      return measuredOfFailure(event);
    default:
      return [];
  }
}

function measuredOfFailure({ failure, receive_count }: Extract<PipelineEvent, { kind: 'message_failed' }>): Measured {
  const counted: readonly (readonly [name: string, isCounted: boolean])[] = [
    ['BatchItemFailures', true],
    ['SourceUnreachable', SOURCE_CODES.has(failure.code)],
    ['AwsUnreachable', AWS_CODES.has(failure.code)],
    ['PermanentFailures', !isRetryable(failure)],
    ['RepeatedFailures', receive_count >= REPEATED_FROM],
  ];
  return counted.filter(([, isCounted]) => isCounted).map(([name]) => [name, 1, MetricUnit.Count]);
}
