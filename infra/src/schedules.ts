import { Duration, TimeZone } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

export interface SchedulesProps {
  readonly planner: LambdaFunction;
  readonly freshness: LambdaFunction;
  /** UTC */
  readonly hour: number;
}

/** Scheduler's own placeholder: the moment for which it was scheduled, also when the call comes late or twice. */
const SCHEDULED_TIME = '<aws.scheduler.scheduled-time>';

/** The day's run, and the hourly look at how late everything is. */
export class Schedules extends Construct {
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: SchedulesProps) {
    super(scope, id);
    this.deadLetters = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    // The schedule's own dead-letter queue holds calls that could not be made; this one those that failed.
    for (const fn of [props.planner, props.freshness]) {
      fn.configureAsyncInvoke({ onFailure: new SqsDestination(this.deadLetters), retryAttempts: 2 });
    }
    const common = { deadLetterQueue: this.deadLetters, retryAttempts: 10, maxEventAge: Duration.hours(6) };
    new Schedule(this, 'Daily', {
      description: 'One run of all entities',
      schedule: ScheduleExpression.cron({ hour: String(props.hour), minute: '0', timeZone: TimeZone.ETC_UTC }),
      target: new LambdaInvoke(props.planner, {
        ...common,
        input: ScheduleTargetInput.fromObject({ scheduled_time: SCHEDULED_TIME }),
      }),
    });
    new Schedule(this, 'Hourly', {
      description: 'How far each entity is behind',
      schedule: ScheduleExpression.rate(Duration.hours(1)),
      target: new LambdaInvoke(props.freshness, common),
    });
  }
}
