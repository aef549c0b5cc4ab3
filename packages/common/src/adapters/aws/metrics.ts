/** Names of Bronze's own metrics that alarms look at, beside those that only graphs show (docs/aws.md lists all). */
export const NAMESPACE = 'Bronze';

/**
 * Metrics with the pipeline as their only dimension: one alarm sees every entity. Each but the last is also there by entity
 * and service.
 */
export type PipelineTotal =
  /** Deliveries that failed because a database or API did not answer, or kept failing. */
  | 'SourceUnreachable'
  /** Deliveries that failed because S3, SQS or Secrets Manager did not answer, or throttled. */
  | 'AwsUnreachable'
  /** Messages that no retry can help. */
  | 'PermanentFailures'
  /** Deliveries that failed for at least the sixth time. */
  | 'RepeatedFailures'
  | 'RowsQuarantined'
  | 'SchemaChanges'
  /** Seconds since a scheduled run was due that was not planned; 0 if none is missing. */
  | 'ScheduleSilentSeconds';

/** Of an entity, by the freshness function: seconds since the end of what bronze has. */
export const FRESHNESS_LAG = 'FreshnessLagSeconds';

/** Variable of every function: the `pipeline` of its metrics. */
export const PIPELINE_VARIABLE = 'PIPELINE_NAME';
