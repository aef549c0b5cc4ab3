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
  readonly catalog: LambdaFunction;
  /** Hour of the daily run, in UTC. */
  readonly hour: number;
}

/** EventBridge Scheduler replaces this with the time the call was scheduled for, also when it comes late or twice. */
const SCHEDULED_TIME = '<aws.scheduler.scheduled-time>';

/** The daily run of the planner, the hourly measurement of freshness, and the catalog every 15 minutes. */
export class Schedules extends Construct {
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: SchedulesProps) {
    super(scope, id);
    this.deadLetters = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    // Scheduler itself dead-letters only calls that it could not make; this sends failed invocations to the same queue.
    for (const fn of [props.planner, props.freshness, props.catalog]) {
      fn.configureAsyncInvoke({ onFailure: new SqsDestination(this.deadLetters), retryAttempts: 2 });
    }
    const common = { deadLetterQueue: this.deadLetters, retryAttempts: 10, maxEventAge: Duration.hours(6) };
    new Schedule(this, 'Daily', {
      description: 'Runs all enabled entities once a day',
      schedule: ScheduleExpression.cron({ hour: String(props.hour), minute: '0', timeZone: TimeZone.ETC_UTC }),
      target: new LambdaInvoke(props.planner, {
        ...common,
        input: ScheduleTargetInput.fromObject({ scheduled_time: SCHEDULED_TIME }),
      }),
    });
    new Schedule(this, 'Hourly', {
      description: 'Measures how far each entity is behind, every hour',
      schedule: ScheduleExpression.rate(Duration.hours(1)),
      target: new LambdaInvoke(props.freshness, common),
    });
    new Schedule(this, 'Catalog', {
      description: 'Brings what was loaded into the catalog, every 15 minutes',
      schedule: ScheduleExpression.rate(Duration.minutes(15)),
      target: new LambdaInvoke(props.catalog, common),
    });
  }
}
