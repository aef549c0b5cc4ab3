import { freshWithinSeconds } from '@bronze/common/config/fresh-within';
import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { type AlarmLine, linesOf } from './alarm-lines.ts';
import type { BronzePipeline } from './bronze-pipeline.ts';

export interface AlarmsProps {
  readonly pipeline: BronzePipeline;
  /** SNS topic to notify; default: alarms show in CloudWatch only. */
  readonly topic?: ITopic | undefined;
  /** Address of the runbook, for links in descriptions; default: they name the section of `docs/runbook.md`. */
  readonly runbookUrl?: string | undefined;
}

/** The alarms that wake a person; each description names the section of the runbook that says what to do. */
export class Alarms extends Construct {
  readonly all: readonly Alarm[];

  constructor(scope: Construct, id: string, { pipeline, topic, runbookUrl }: AlarmsProps) {
    super(scope, id);
    this.all = linesOf(pipeline, freshWithinSeconds(pipeline.config)).map((line) =>
      this.#alarm(line, topic, runbookUrl),
    );
  }

  #alarm(line: AlarmLine, topic: ITopic | undefined, runbookUrl: string | undefined): Alarm {
    const { breaching = 1, outOf = breaching } = line;
    const alarm = new Alarm(this, line.id, {
      metric: line.metric,
      threshold: line.threshold,
      evaluationPeriods: outOf,
      datapointsToAlarm: breaching,
      comparisonOperator: line.comparison ?? ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: line.missing ?? TreatMissingData.NOT_BREACHING,
      alarmDescription: `${line.says} What to do: ${runbookOf(line.section, runbookUrl)}`,
    });
    if (topic) {
      alarm.addAlarmAction(new SnsAction(topic));
      alarm.addOkAction(new SnsAction(topic));
    }
    return alarm;
  }
}

/** `https://git.example.com/bronze/docs/runbook.md#alarm-dead-letters`, or where else to look. */
function runbookOf(section: string, url: string | undefined): string {
  if (url === undefined) return `the section “Alarm: ${section}” of docs/runbook.md.`;
  return `${url}#alarm-${section.replaceAll(' ', '-')}`;
}
