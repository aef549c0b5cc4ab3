import { BronzeError } from '@bronze/common/words/failure';
import type { Environment } from '@bronze/common/reference';
import { catalogNames } from './catalog-settings.ts';
import type { IngestionStackProps, Network } from './ingestion-stack.ts';

export interface Settings extends Omit<IngestionStackProps, 'code' | 'entities' | 'queryKeys'> {
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
    alarmTopicArn: environment['ALARM_TOPIC_ARN'],
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
