/** What each alarm looks at. `observing.test.ts` in `infra/` holds what it sees, and when. */
import { FRESHNESS_LAG, type PipelineTotal } from '@bronze/common/adapters/aws/metrics';
import { describeSeconds } from '@bronze/common/words/duration';
import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, type IMetric, MathExpression, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { BronzePipeline } from './bronze-pipeline.ts';

export interface AlarmLine {
  readonly id: string;
  readonly metric: IMetric;
  readonly threshold: number;
  readonly says: string;
  /** Of docs/runbook.md: `dead letters` for `## Alarm: dead letters`. */
  readonly section: string;
  readonly comparison?: ComparisonOperator;
  readonly missing?: TreatMissingData;
  /** How many periods must breach; default 1. */
  readonly breaching?: number;
  /** Out of how many; default: all of them. */
  readonly outOf?: number;
}

const PERIOD = Duration.minutes(5);
/** What is counted when it happens stays an alarm for a quarter of an hour, so that one outage is one message. */
const FOR_A_WHILE = { breaching: 1, outOf: 3 } as const;

const DURATION_MS_MAX = 13 * 60_000;
/** Functions that may run for 15 minutes; the others time out after one. */
const LONG_RUNNING: ReadonlySet<string> = new Set(['Extractor', 'Writer']);
const OLDEST_MESSAGE_SECONDS_MAX = 3 * 3600;
/** A planner that fails is called again twice within three minutes. */
const SCHEDULE_SILENT_SECONDS_MAX = 5 * 60;

export function linesOf(pipeline: BronzePipeline, freshWithin: ReadonlyMap<string, number>): AlarmLine[] {
  return [
    ...functionLines(pipeline),
    ...queueLines(pipeline),
    ...failureLines(pipeline),
    ...dataLines(pipeline),
    ...silenceLines(pipeline),
    ...orderLines(pipeline),
    ...[...freshWithin].map(([entity, seconds]) => lateLine(pipeline, entity, seconds)),
  ];
}

function orderLines({ orchestration }: BronzePipeline): AlarmLine[] {
  if (!orchestration) return [];
  return [
    {
      id: 'RunIncomplete',
      metric: orchestration.stateMachine.metricFailed({ period: PERIOD, statistic: Stats.SUM }),
      threshold: 0,
      says: 'An execution ended in which at least one entity was not loaded.',
      section: 'run incomplete',
      ...FOR_A_WHILE,
    },
  ];
}

function functionLines({ functions, orchestration }: BronzePipeline): AlarmLine[] {
  const period = { period: PERIOD };
  const all = { ...functions, ...(orchestration && { orchestrator: orchestration.function }) };
  const named = Object.entries(all).map(([name, fn]) => [name.charAt(0).toUpperCase() + name.slice(1), fn] as const);
  return named.flatMap(([name, fn]) => [
    { id: `${name}Errors`, metric: fn.metricErrors(period), threshold: 0, says: `${name} fails.`, section: 'errors' },
    {
      id: `${name}Throttles`,
      metric: fn.metricThrottles(period),
      threshold: 0,
      says: `${name} is throttled.`,
      section: 'throttles',
    },
    ...(LONG_RUNNING.has(name) ? [durationLine(name, fn)] : []),
  ]);
}

function durationLine(name: string, fn: LambdaFunction): AlarmLine {
  return {
    id: `${name}Duration`,
    metric: fn.metricDuration({ period: PERIOD, statistic: Stats.MAXIMUM }),
    threshold: DURATION_MS_MAX,
    says: `${name} runs for more than 13 of its 15 minutes.`,
    section: 'duration',
  };
}

function queueLines({ extractQueue, writeQueue, schedules }: BronzePipeline): AlarmLine[] {
  const dead = { Extract: extractQueue.deadLetters, Write: writeQueue.deadLetters, Schedule: schedules.deadLetters };
  const live = { Extract: extractQueue.queue, Write: writeQueue.queue };
  return [
    ...Object.entries(dead).map(([name, queue]) => ({
      id: `${name}DeadLetters`,
      metric: queue.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: Stats.MAXIMUM }),
      threshold: 0,
      says: `Messages are in the dead-letter queue (${name}).`,
      section: 'dead letters',
    })),
    ...Object.entries(live).map(([name, queue]) => ({
      id: `${name}OldestMessage`,
      metric: queue.metricApproximateAgeOfOldestMessage({ period: PERIOD, statistic: Stats.MAXIMUM }),
      threshold: OLDEST_MESSAGE_SECONDS_MAX,
      says: `A message has been queued for more than three hours (${name}).`,
      section: 'oldest message',
    })),
  ];
}

function failureLines(pipeline: BronzePipeline): AlarmLine[] {
  const counted = (id: PipelineTotal, section: string, says: string): AlarmLine => {
    const metric = pipeline.total(id, { period: PERIOD, statistic: Stats.SUM });
    return { id, metric, threshold: 0, says, section, ...FOR_A_WHILE };
  };
  return [
    counted('SourceUnreachable', 'source unreachable', 'A database or API does not answer, or keeps failing.'),
    counted('AwsUnreachable', 'aws unreachable', 'S3, SQS or Secrets Manager does not answer, or throttles.'),
    counted(
      'PermanentFailures',
      'permanent failure',
      'A message failed that no retry can help: its entity stands still.',
    ),
    counted('RepeatedFailures', 'repeated failures', 'A message failed for the sixth time or more.'),
  ];
}

function dataLines(pipeline: BronzePipeline): AlarmLine[] {
  const sum = { period: PERIOD, statistic: Stats.SUM };
  return [
    {
      id: 'Quarantine',
      metric: pipeline.total('RowsQuarantined', sum),
      threshold: 0,
      says: 'Rows whose values do not fit their types are in quarantine.',
      section: 'quarantine',
      ...FOR_A_WHILE,
    },
    {
      id: 'SchemaChanged',
      metric: pipeline.total('SchemaChanges', sum),
      threshold: 0,
      says: 'The columns of an entity are not those of the load before.',
      section: 'schema changed',
      ...FOR_A_WHILE,
    },
  ];
}

/**
 * Silence. Only periods after an invocation can be silent, so that a deployment raises no alarm before the first run. If a
 * silence lasts for so long that no data is left, the alarm keeps its state.
 */
function silenceLines(pipeline: BronzePipeline): AlarmLine[] {
  const { planner, freshness } = pipeline.functions;
  const silent = {
    threshold: 1,
    comparison: ComparisonOperator.LESS_THAN_THRESHOLD,
    missing: TreatMissingData.IGNORE,
  } as const;
  return [
    {
      id: 'ScheduleSilent',
      metric: pipeline.total('ScheduleSilentSeconds', { period: PERIOD, statistic: Stats.MAXIMUM }),
      threshold: SCHEDULE_SILENT_SECONDS_MAX,
      says: 'The daily run was due more than five minutes ago, and the planner has not run since.',
      section: 'schedule silent',
      missing: TreatMissingData.IGNORE,
    },
    {
      id: 'PlannerSilent',
      metric: invocationsOf(planner, Duration.hours(1)),
      ...silent,
      says: 'The planner has not been invoked for a day.',
      section: 'schedule silent',
      breaching: 25,
      outOf: 26,
    },
    {
      id: 'FreshnessSilent',
      metric: invocationsOf(freshness, PERIOD),
      ...silent,
      says: 'Nothing measures how far entities are behind: late entities and a silent schedule would not be noticed.',
      section: 'freshness silent',
      // One may be empty because the measurement came a minute late, and the newest because metrics do.
      breaching: 3,
      outOf: 5,
    },
  ];
}

function invocationsOf(fn: LambdaFunction, period: Duration): MathExpression {
  const invocations = fn.metricInvocations({ period, statistic: Stats.SUM });
  const expression = 'IF(RUNNING_SUM(FILL(invocations, 0)) > 0, FILL(invocations, 0), 1)';
  return new MathExpression({ expression, usingMetrics: { invocations }, period });
}

function lateLine(pipeline: BronzePipeline, entity: string, seconds: number): AlarmLine {
  const measured = { period: PERIOD, statistic: Stats.MAXIMUM };
  return {
    id: `Late-${entity}`,
    metric: pipeline.metric(FRESHNESS_LAG, { service: 'freshness', entity, ...measured }),
    threshold: seconds,
    says: `${entity} is more than ${describeSeconds(seconds)} behind (fresh_within), was not loaded for so long since it was configured, or its checkpoint can’t be read.`,
    section: 'late entity',
    missing: TreatMissingData.IGNORE,
  };
}
