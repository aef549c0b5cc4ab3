import type { Environment } from '@bronze/common/reference';
import type { AlarmsTo } from './ingestion-stack.ts';

/** An alarm that reaches nobody is chosen, and not forgotten. */
export function alarmMistakes({
  ALARM_EMAIL: email,
  ALARM_TOPIC_ARN: topic,
  RUNBOOK_URL: runbook,
}: Environment): string[] {
  return [
    ...(email === undefined && topic === undefined
      ? [
          'ALARM_EMAIL or ALARM_TOPIC_ARN: set one, so that alarms reach somebody; ALARM_TOPIC_ARN=none makes alarms that only show in CloudWatch',
        ]
      : []),
    ...(email !== undefined && topic !== undefined ? ['ALARM_EMAIL and ALARM_TOPIC_ARN: set one of them'] : []),
    ...(email === undefined || /^[^@\s]+@[^@\s]+$/.test(email) ? [] : ['ALARM_EMAIL: must be an e-mail address']),
    ...(topic === undefined || topic === NO_TOPIC || /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]+$/.test(topic)
      ? []
      : ['ALARM_TOPIC_ARN: must be the ARN of an SNS topic, or none']),
    ...(runbook === undefined || /^https:\/\/[^#\s]+$/.test(runbook)
      ? []
      : ['RUNBOOK_URL: must be the https address of docs/runbook.md, without #']),
  ];
}

const NO_TOPIC = 'none';

export function alarmsToIn({ ALARM_EMAIL: email, ALARM_TOPIC_ARN: topicArn }: Environment): AlarmsTo | undefined {
  if (email !== undefined) return { email };
  return topicArn === undefined || topicArn === NO_TOPIC ? undefined : { topicArn };
}
