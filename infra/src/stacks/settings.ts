import { BronzeError } from '@bronze/common/words/failure';
import type { Environment } from '@bronze/common/reference';
import { catalogNames } from './catalog-settings.ts';
import type { AlarmsTo, IngestionStackProps, Network } from './ingestion-stack.ts';

export interface Settings extends Omit<IngestionStackProps, 'code' | 'entities' | 'queryKeys' | 'freshWithin'> {
  readonly apiSecretName: string | undefined;
}

/** Placeholders for an account's own values: synthesising works with these, deploying needs the real ones. */
const EXAMPLE = {
  RDS_SECRET_ARN: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-database-AbCdEf',
  API_KEY_SECRET_ARN: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:payments-api-AbCdEf',
  PAYMENTS_API_URL: 'https://api.example.com/v1',
} as const;

/** The two stacks' settings, from environment variables. @throws BronzeError CONFIG_INVALID, names every wrong one */
export function readSettings(environment: Environment): Settings {
  const value = (name: keyof typeof EXAMPLE) => environment[name] ?? EXAMPLE[name];
  const hour = Number(environment['SCHEDULE_HOUR'] ?? 2);
  const apiSecretName = environment['PAYMENTS_API_SECRET_NAME'];
  const checkpointStore = storeIn(environment);
  const warm = environment['PROVISIONED_CONCURRENCY'];
  const catalog = catalogNames(environment);
  const wrong = [
    ...catalog.wrong,
    ...(Number.isInteger(hour) && hour >= 0 && hour <= 23
      ? []
      : ['SCHEDULE_HOUR: must be an hour of the day, 0 to 23']),
    ...(warm === undefined || /^[1-9]\d{0,2}$/.test(warm)
      ? []
      : ['PROVISIONED_CONCURRENCY: must be a whole number from 1 to 999']),
    ...(checkpointStore ? [] : ['CHECKPOINT_STORE: must be s3 or dynamodb']),
    ...keyMistakes(environment['PAYMENTS_API_KEY']),
    ...alarmMistakes(environment),
    ...['RDS_SECRET_ARN', 'API_KEY_SECRET_ARN'].flatMap((name) =>
      value(name as keyof typeof EXAMPLE).startsWith('arn:') ? [] : [`${name}: must be the complete ARN of a secret`],
    ),
  ];
  if (wrong.length > 0) {
    throw new BronzeError('CONFIG_INVALID', {
      message: `these environment variables are wrong:\n${wrong.map((one) => `  - ${one}`).join('\n')}`,
      hint: 'Correct them; docs/aws.md lists all variables.',
    });
  }
  return {
    databaseSecretArn: value('RDS_SECRET_ARN'),
    apiKeySecretArn: value('API_KEY_SECRET_ARN'),
    paymentsApiUrl: value('PAYMENTS_API_URL'),
    shipmentsApiUrl: environment['SHIPMENTS_API_URL'],
    bucketName: environment['S3_BUCKET_NAME'],
    alarmsTo: alarmsToIn(environment),
    runbookUrl: environment['RUNBOOK_URL'],
    checkpointStore,
    loadType: environment['LOAD_TYPE'],
    hour,
    network: networkIn(environment),
    provisionedConcurrency: warm === undefined ? undefined : Number(warm),
    apiSecretName,
    catalogNames: catalog.names,
  };
}

function storeIn({ CHECKPOINT_STORE: store = 's3' }: Environment): 's3' | 'dynamodb' | undefined {
  return store === 's3' || store === 'dynamodb' ? store : undefined;
}

/** API Gateway refuses keys of fewer than 20 characters. Checked only if the environment holds the key itself. */
function keyMistakes(key: string | undefined): string[] {
  if (key === undefined) return [];
  const isGood = key.length >= 20 && /^[A-Za-z0-9]+$/.test(key);
  return isGood ? [] : ['PAYMENTS_API_KEY: must be at least 20 letters and digits'];
}

/** An alarm that reaches nobody is chosen, and not forgotten. */
function alarmMistakes({ ALARM_EMAIL: email, ALARM_TOPIC_ARN: topic, RUNBOOK_URL: runbook }: Environment): string[] {
  return [
    ...(email === undefined && topic === undefined
      ? [
          'ALARM_EMAIL or ALARM_TOPIC_ARN: set one, so that alarms reach somebody; ALARM_TOPIC_ARN=none makes alarms that only show in CloudWatch',
        ]
      : []),
    ...(email !== undefined && topic !== undefined ? ['ALARM_EMAIL and ALARM_TOPIC_ARN: set one of them'] : []),
    ...(email === undefined || /^[^@\s]+@[^@\s]+$/.test(email) ? [] : ['ALARM_EMAIL: must be an e-mail address']),
    ...(topic === undefined || topic === NO_TOPIC || /^arn:[^:]+:sns:/.test(topic)
      ? []
      : ['ALARM_TOPIC_ARN: must be the ARN of an SNS topic, or none']),
    ...(runbook === undefined || /^https:\/\/[^#\s]+$/.test(runbook)
      ? []
      : ['RUNBOOK_URL: must be the https address of docs/runbook.md, without #']),
  ];
}

const NO_TOPIC = 'none';

function alarmsToIn({ ALARM_EMAIL: email, ALARM_TOPIC_ARN: topicArn }: Environment): AlarmsTo | undefined {
  if (email !== undefined) return { email };
  return topicArn === undefined || topicArn === NO_TOPIC ? undefined : { topicArn };
}

function networkIn(environment: Environment): Network | undefined {
  const { VPC_ID: vpcId } = environment;
  const list = (name: string) => (environment[name] ?? '').split(',').filter((one) => one !== '');
  if (vpcId === undefined) return undefined;
  return {
    vpcId,
    availabilityZones: list('VPC_AVAILABILITY_ZONES'),
    subnetIds: list('VPC_SUBNET_IDS'),
    securityGroupIds: list('VPC_SECURITY_GROUP_IDS'),
  };
}
