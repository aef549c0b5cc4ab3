import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { BronzePipeline } from './bronze-pipeline.ts';

export interface AlarmsProps {
  readonly pipeline: BronzePipeline;
  /** Names of the entities that should be fresh, for the description of the stale-entity alarm. */
  readonly entities: readonly string[];
  /** SNS topic to notify; default: alarms show in CloudWatch only. */
  readonly topic?: ITopic | undefined;
}

interface AlarmLine {
  readonly id: string;
  readonly metric: IMetric;
  readonly threshold: number;
  readonly says: string;
  /** Anchor of a section in docs/runbook.md. */
  readonly anchor: string;
  readonly comparison?: ComparisonOperator;
  readonly missing?: TreatMissingData;
  readonly periods?: number;
}

const RUNBOOK = 'docs/runbook.md#';
const PERIOD = Duration.minutes(5);
const DURATION_MS_MAX = 13 * 60_000;
/** Functions that may run for 15 minutes; the others time out after one. */
const LONG_RUNNING: ReadonlySet<string> = new Set(['Extractor', 'Writer']);
const OLDEST_MESSAGE_SECONDS_MAX = 3 * 3600;
const STALE_SECONDS_MAX = 26 * 3600;

/** The alarms that wake a person; each description names the section of the runbook that says what to do. */
export class Alarms extends Construct {
  readonly all: readonly Alarm[];

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.all = linesOf(props).map((line) => this.#alarm(line, props.topic));
  }

  #alarm(
    { id, metric, threshold, says, anchor, comparison, missing, periods }: AlarmLine,
    topic: ITopic | undefined,
  ): Alarm {
    const alarm = new Alarm(this, id, {
      metric,
      threshold,
      evaluationPeriods: periods ?? 1,
      comparisonOperator: comparison ?? ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: missing ?? TreatMissingData.NOT_BREACHING,
      alarmDescription: `${says} What to do: ${RUNBOOK}${anchor}`,
    });
    if (topic) {
      alarm.addAlarmAction(new SnsAction(topic));
      alarm.addOkAction(new SnsAction(topic));
    }
    return alarm;
  }
}

function linesOf({ pipeline, entities }: AlarmsProps): AlarmLine[] {
  return [...functionLines(pipeline), ...queueLines(pipeline), ...dataLines(pipeline, entities)];
}

function functionLines({ functions }: BronzePipeline): AlarmLine[] {
  const each = Object.entries(functions).map(([name, fn]) => ({
    name: name.charAt(0).toUpperCase() + name.slice(1),
    fn,
  }));
  const period = { period: PERIOD };
  return each.flatMap(({ name, fn }) => [
    {
      id: `${name}Errors`,
      metric: fn.metricErrors(period),
      threshold: 0,
      says: `${name} fails.`,
      anchor: 'alarm-errors',
    },
    {
      id: `${name}Throttles`,
      metric: fn.metricThrottles(period),
      threshold: 0,
      says: `${name} is throttled.`,
      anchor: 'alarm-throttles',
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
    anchor: 'alarm-duration',
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
      anchor: 'alarm-dead-letters',
    })),
    ...Object.entries(live).map(([name, queue]) => ({
      id: `${name}OldestMessage`,
      metric: queue.metricApproximateAgeOfOldestMessage({ period: PERIOD, statistic: Stats.MAXIMUM }),
      threshold: OLDEST_MESSAGE_SECONDS_MAX,
      says: `A message has been queued for more than three hours (${name}).`,
      anchor: 'alarm-oldest-message',
    })),
  ];
}

/** Bronze's own metrics have the dimensions entity and service, so a Metrics Insights query covers all entities. */
function dataLines({ functions }: BronzePipeline, entities: readonly string[]): AlarmLine[] {
  const over = (name: string, how: 'MAX' | 'SUM') =>
    new MathExpression({
      expression: `SELECT ${how}(${name}) FROM SCHEMA("Bronze", entity, service)`,
      period: Duration.hours(1),
    });
  return [
    {
      id: 'StaleEntity',
      metric: over('FreshnessLagSeconds', 'MAX'),
      threshold: STALE_SECONDS_MAX,
      says: `An entity is more than 26 hours behind, or its lag is not measured (${entities.join(', ')}).`,
      anchor: 'alarm-stale-entity',
      missing: TreatMissingData.BREACHING,
    },
    {
      id: 'Quarantine',
      metric: over('RowsQuarantined', 'SUM'),
      threshold: 0,
      says: 'Rows whose values do not fit their types are in quarantine.',
      anchor: 'alarm-quarantine',
    },
    {
      id: 'BatchItemFailures',
      metric: over('BatchItemFailures', 'SUM'),
      threshold: 10,
      says: 'Many messages fail and are delivered again.',
      anchor: 'alarm-batch-item-failures',
    },
    {
      id: 'PlannerSilent',
      metric: functions.planner.metricInvocations({ period: Duration.hours(1) }),
      threshold: 1,
      periods: 26,
      comparison: ComparisonOperator.LESS_THAN_THRESHOLD,
      missing: TreatMissingData.BREACHING,
      says: 'The planner has not run for 26 hours.',
      anchor: 'alarm-planner-silent',
    },
  ];
}
