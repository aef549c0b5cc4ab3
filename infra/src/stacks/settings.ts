import type { Config } from '@bronze/common/config';
import { type Environment } from '@bronze/common/reference';
import { BronzeError } from '@bronze/common/words/failure';
import { namesIn, needsOf } from '@bronze/constructs/needs';
import { type FunctionSettings, mistakesOf, userVariable, VARIABLES } from '@bronze/constructs/pipeline-props';
import { catalogNames } from './catalog-settings.ts';
import { alarmMistakes, alarmsToIn } from './alarm-settings.ts';
import type { IngestionStackProps, Network } from './ingestion-stack.ts';

export interface Settings extends Omit<IngestionStackProps, 'code' | 'config'> {
  readonly stackName: string;
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * The stack's settings, from environment variables; docs/aws.md lists them.
 *
 * @throws BronzeError CONFIG_INVALID, names every one that is missing or wrong, and never a value
 */
export function readSettings(environment: Environment, config: Config): Settings {
  const values = valuesIn(environment, namesIn(needsOf(config)));
  const loadType = environment['LOAD_TYPE'];
  const hour = numberIn(environment, 'SCHEDULE_HOUR');
  const extractor = functionIn(environment, 'EXTRACTOR');
  const writer = functionIn(environment, 'WRITER');
  const databaseUsers = usersIn(environment, config);
  const checkpointStore = storeIn(environment);
  const orchestration = orchestrationIn(environment);
  const catalog = catalogNames(environment, databaseOf(environment));
  const wrong = [
    ...catalog.wrong,
    ...mistakesOf({ values, loadType, hour, extractor, writer, databaseUsers, orchestration }, config),
    ...patternMistakes(environment),
    ...networkMistakes(environment),
    ...(checkpointStore ? [] : ['CHECKPOINT_STORE: must be s3 or dynamodb']),
    ...(orchestration ? [] : ['ORCHESTRATION: must be queue or stepfunctions']),
    ...alarmMistakes(environment),
  ];
  if (wrong.length > 0) {
    throw new BronzeError('CONFIG_INVALID', {
      message: `these environment variables are missing or wrong:\n${wrong.map((one) => `  - ${one}`).join('\n')}`,
      hint: 'Set and correct them; docs/aws.md lists all. To look at the templates only: npm run synth -- --example',
    });
  }
  return {
    stackName: stackNameOf(environment),
    values,
    databaseUsers,
    bucketName: environment['S3_BUCKET_NAME'],
    keyArn: environment['KMS_KEY_ARN'],
    secretKeyArns: listIn(environment, 'SECRETS_KMS_KEY_ARNS'),
    alarmsTo: alarmsToIn(environment),
    runbookUrl: environment['RUNBOOK_URL'],
    checkpointStore,
    orchestration,
    catalogNames: catalog.names,
    loadType,
    hour,
    network: networkIn(environment),
    extractor,
    writer,
    tags: tagsIn(environment),
  };
}

const PIPELINE = 'Ecom';

function stackNameOf({ PIPELINE_NAME: pipeline = PIPELINE, STAGE: stage }: Environment): string {
  return `${pipeline}IngestionStack${stage === undefined ? '' : `-${stage}`}`;
}

/** Of the catalog: its own for each pipeline and stage, so that they share an account. */
function databaseOf({ PIPELINE_NAME: pipeline = PIPELINE, STAGE: stage }: Environment): string {
  const name = `aws-${pipeline}-pipeline${stage === undefined ? '' : `-${stage}`}`;
  // What is wrong with the names it is made of is said of them.
  return name.toLowerCase().replaceAll(/[^a-z0-9-]/g, '');
}

function orchestrationIn({ ORCHESTRATION: by = 'queue' }: Environment): 'queue' | 'stepfunctions' | undefined {
  return by === 'queue' || by === 'stepfunctions' ? by : undefined;
}

function storeIn({ CHECKPOINT_STORE: store = 's3' }: Environment): 's3' | 'dynamodb' | undefined {
  return store === 's3' || store === 'dynamodb' ? store : undefined;
}

/** Settings that are text of a form: variable, form, and what is said if it has another. */
const PATTERNS: readonly (readonly [name: string, pattern: RegExp, says: string])[] = [
  ['PIPELINE_NAME', /^[A-Za-z][A-Za-z0-9]{0,19}$/, 'must be at most 20 letters and digits, the first a letter'],
  ['STAGE', /^[a-z][a-z0-9]{0,9}$/, 'must be at most 10 lower-case letters and digits, the first a letter'],
  ['S3_BUCKET_NAME', /^(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket'],
  ['KMS_KEY_ARN', /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/, 'must be the ARN of a key'],
  [
    'SECRETS_KMS_KEY_ARNS',
    /^(?:(?:^|,)arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+)+$/,
    'must be ARNs of keys, separated by commas',
  ],
  ['TAGS', /^(?:(?:^|,)[\w.:/+@-]{1,128}=[\w.:/=+@ -]{0,256})+$/, 'must be tags such as team=data,cost=42'],
  ['VPC_ID', /^vpc-[0-9a-f]+$/, 'must be the id of a VPC'],
  ['VPC_ENDPOINTS', /^(?:true|false)$/, 'must be true or false'],
];

function patternMistakes(environment: Environment): string[] {
  return PATTERNS.flatMap(([name, pattern, says]) => {
    const value = environment[name];
    return value === undefined || pattern.test(value) ? [] : [`${name}: ${says}`];
  });
}

function valuesIn(environment: Environment, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (environment[name] ? [[name, environment[name]] as const] : [])));
}

/** NaN, which no check accepts, if it is not a number. */
function numberIn(environment: Environment, name: string): number | undefined {
  const value = environment[name];
  return value === undefined ? undefined : /^\d+$/.test(value) ? Number(value) : Number.NaN;
}

function functionIn(environment: Environment, name: string): FunctionSettings {
  const own: FunctionSettings = Object.fromEntries(
    Object.entries(VARIABLES).map(([key, end]) => [key, numberIn(environment, `${name}_${end}`)]),
  );
  return { ...own, provisioned: own.provisioned ?? numberIn(environment, 'PROVISIONED_CONCURRENCY') };
}

function usersIn(environment: Environment, { sources }: Config): Record<string, string> {
  return Object.fromEntries(
    Object.keys(sources).flatMap((source) => {
      const user = environment[userVariable(source)];
      return user === undefined ? [] : [[source, user]];
    }),
  );
}

function tagsIn(environment: Environment): Record<string, string> {
  const pairs = listIn(environment, 'TAGS').map((tag) => tag.split(/=(.*)/s));
  return Object.fromEntries(pairs.map(([name = '', value = '']) => [name, value]));
}

function networkIn(environment: Environment): Network | undefined {
  const { VPC_ID: vpcId } = environment;
  if (vpcId === undefined) return undefined;
  return {
    vpcId,
    availabilityZones: listIn(environment, 'VPC_AVAILABILITY_ZONES'),
    subnetIds: listIn(environment, 'VPC_SUBNET_IDS'),
    routeTableIds: listIn(environment, 'VPC_ROUTE_TABLE_IDS'),
    securityGroupIds: listIn(environment, 'VPC_SECURITY_GROUP_IDS'),
    endpoints: environment['VPC_ENDPOINTS'] === 'true',
  };
}

function networkMistakes(environment: Environment): string[] {
  const [zones, subnets, tables] = ['AVAILABILITY_ZONES', 'SUBNET_IDS', 'ROUTE_TABLE_IDS'].map(
    (name) => listIn(environment, `VPC_${name}`).length,
  ) as [number, number, number];
  const others = Object.keys(environment).filter((name) => name.startsWith('VPC_') && environment[name] !== undefined);
  if (environment['VPC_ID'] === undefined) {
    return others.length === 0 ? [] : [`VPC_ID: missing, and ${others.join(', ')} would have no effect`];
  }
  return [
    ...(zones > 0 ? [] : ['VPC_AVAILABILITY_ZONES: missing']),
    ...(subnets > 0 && subnets === zones ? [] : ['VPC_SUBNET_IDS: must name one subnet for each availability zone']),
    ...(tables === 0 || tables === subnets ? [] : ['VPC_ROUTE_TABLE_IDS: must name one route table for each subnet']),
    ...(environment['VPC_ENDPOINTS'] !== 'true' || tables > 0
      ? []
      : ['VPC_ROUTE_TABLE_IDS: missing, for the endpoint of S3']),
  ];
}

function listIn(environment: Environment, name: string): string[] {
  return (environment[name] ?? '').split(',').filter((one) => one !== '');
}
