import type { Config } from '@bronze/common/config';
import type { CatalogNames } from '@bronze/common/load/catalog-names';
import { BronzeError } from '@bronze/common/words/failure';
import { Token } from 'aws-cdk-lib';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { FunctionCode } from './code.ts';
import { needsOf } from './needs.ts';
import { mistakesIn, type Values } from './values.ts';

export interface BronzePipelineProps {
  /** Path of the configuration: what is ingested. */
  readonly config: string;
  /** The values that the configuration’s `env('…')` name: URLs, and secrets by ARN or as such. */
  readonly values: Values;
  /** Names functions, queues and log groups: one per account and region. Default: the stack’s name. */
  readonly name?: string | undefined;
  /** Default: a new bucket. An existing one needs a policy of its own against unconditional puts (docs/aws.md). */
  readonly bucket?: IBucket | undefined;
  /** Encrypts bucket, queues and logs. Default: keys that S3, SQS and CloudWatch manage themselves. */
  readonly key?: IKey | undefined;
  /** Keys of secrets that are not encrypted with the account’s own: the extractor may decrypt these secrets with them. */
  readonly secretKeys?: readonly IKey[] | undefined;
  /** VPC of the databases; default: none, for databases that are reachable without. */
  readonly vpc?: IVpc | undefined;
  readonly vpcSubnets?: SubnetSelection | undefined;
  readonly securityGroups?: ISecurityGroup[] | undefined;
  /** Makes endpoints for S3, SQS and Secrets Manager in the VPC, for one without a way out. Default: false. */
  readonly vpcEndpoints?: boolean | undefined;
  /** By PostgreSQL source with `login: 'iam'`: resource id of the database and user, `db-ABCDEFGHIJKL01234/bronze`. */
  readonly databaseUsers?: Readonly<Record<string, string>> | undefined;
  /** Where a new pipeline keeps its checkpoints; default `s3`. An existing one moves them: docs/checkpoints.md. */
  readonly checkpointStore?: 's3' | 'dynamodb' | undefined;
  /**
   * `queue` (default): the planner requests all entities at once. `stepfunctions`: a state machine requests them in the order
   * of their `after`.
   */
  readonly orchestration?: 'queue' | 'stepfunctions' | undefined;
  /** What the catalog's database and tables are called; default: those of the demo shop's pipeline. */
  readonly catalogNames?: CatalogNames | undefined;
  /** `INCREMENTAL` (default) or `FULL`, in any case. */
  readonly loadType?: string | undefined;
  /** Hour of the daily run, in UTC: 0 to 23, default 2. */
  readonly hour?: number | undefined;
  readonly extractor?: FunctionSettings | undefined;
  readonly writer?: FunctionSettings | undefined;
  /** Default: bundled with the configuration, which takes seconds. For tests of templates, which run no code. */
  readonly code?: FunctionCode | undefined;
}

export interface FunctionSettings {
  /** 512 to 10,240; default 2,048. */
  readonly memoryMb?: number | undefined;
  /** 3 to 15, which is the default. An invocation ends its slice a minute before. */
  readonly timeoutMinutes?: number | undefined;
  /** How many may run at once: 2 to 1,000; default 5 extractors and 10 writers. */
  readonly atOnce?: number | undefined;
  /** Concurrency of the account that is kept for this function, and its limit. At least `atOnce`; default: none. */
  readonly reserved?: number | undefined;
  /** Number that is kept warm, which costs money even when idle. Default: none. */
  readonly provisioned?: number | undefined;
}

const LIMITS = {
  memoryMb: [512, 10_240],
  timeoutMinutes: [3, 15],
  atOnce: [2, 1000],
  reserved: [2, 10_000],
  provisioned: [1, 999],
} as const satisfies Record<keyof FunctionSettings, readonly [number, number]>;

/** @throws BronzeError CONFIG_INVALID naming every missing and every wrong one, never a value */
export function checkProps(props: BronzePipelineProps, config: Config): void {
  const mistakes = mistakesOf(props, config);
  if (mistakes.length === 0) return;
  throw new BronzeError('CONFIG_INVALID', {
    message: `the pipeline can’t be deployed like this:\n${mistakes.map((one) => `  - ${one}`).join('\n')}`,
    hint: 'Correct these; docs/aws.md lists all settings.',
  });
}

/** Each missing or wrong setting in a line. */
export function mistakesOf(props: Omit<BronzePipelineProps, 'config'>, config: Config): string[] {
  const { name, loadType, hour, vpc, vpcEndpoints } = props;
  return [
    ...mistakesIn(needsOf(config), props.values),
    ...(name === undefined || Token.isUnresolved(name) || /^[A-Za-z][\w-]{0,39}$/.test(name)
      ? []
      : ['name: must be at most 40 letters, digits, _ and -, the first a letter']),
    ...(loadType === undefined || /^(?:full|incremental)$/i.test(loadType)
      ? []
      : ['LOAD_TYPE: must be INCREMENTAL or FULL']),
    ...(hour === undefined || isBetween(hour, [0, 23]) ? [] : ['SCHEDULE_HOUR: must be an hour of the day, 0 to 23']),
    ...(vpcEndpoints && !vpc ? ['VPC_ENDPOINTS: needs a VPC'] : []),
    ...orderMistakes(props, config),
    ...functionMistakes('EXTRACTOR', props.extractor),
    ...functionMistakes('WRITER', props.writer),
    ...userMistakes(props, config),
  ];
}

/** An order that nobody keeps would be a lie of the configuration. */
function orderMistakes({ orchestration }: Pick<BronzePipelineProps, 'orchestration'>, { entities }: Config): string[] {
  const ordered = Object.entries(entities).flatMap(([name, { after }]) => (after ? [name] : []));
  if (orchestration === 'stepfunctions' || ordered.length === 0) return [];
  return [`ORCHESTRATION: must be stepfunctions, because ${ordered.join(', ')} are loaded after others`];
}

function functionMistakes(name: string, settings: FunctionSettings = {}): string[] {
  const { atOnce, reserved } = settings;
  const wrong = Object.entries(LIMITS).flatMap(([key, limits]) => {
    const value = settings[key as keyof FunctionSettings];
    if (value === undefined || isBetween(value, limits)) return [];
    return [`${name}_${VARIABLES[key as keyof FunctionSettings]}: must be a whole number from ${limits.join(' to ')}`];
  });
  if (reserved === undefined || reserved >= (atOnce ?? 0)) return wrong;
  return [...wrong, `${name}_RESERVED: must not be less than ${name}_AT_ONCE, or messages are throttled`];
}

/** The ends of the environment variables by which infra/ takes these. */
export const VARIABLES: Readonly<Record<keyof FunctionSettings, string>> = {
  memoryMb: 'MEMORY_MB',
  timeoutMinutes: 'TIMEOUT_MINUTES',
  atOnce: 'AT_ONCE',
  reserved: 'RESERVED',
  provisioned: 'PROVISIONED',
};

function userMistakes(
  { databaseUsers = {} }: Pick<BronzePipelineProps, 'databaseUsers'>,
  { sources }: Config,
): string[] {
  const withIam = Object.entries(sources).flatMap(([name, source]) =>
    source.type === 'postgres' && source.login === 'iam' ? [name] : [],
  );
  const given = Object.entries(databaseUsers);
  return [
    ...withIam
      .filter((name) => !Object.hasOwn(databaseUsers, name))
      .map((name) => `${userVariable(name)}: missing, because the login of the source ${name} is iam`),
    ...given
      .filter(([name]) => !withIam.includes(name))
      .map(([name]) => `${userVariable(name)}: there is no source ${name} with the login iam`),
    ...given
      .filter(([, user]) => !Token.isUnresolved(user) && !/^(?:db|cluster|prx)-[A-Za-z0-9]+\/[^/*]+$/.test(user))
      .map(([name]) => `${userVariable(name)}: must be a resource id and a user, such as db-ABCDEFGHIJKL01234/bronze`),
  ];
}

/** The environment variable by which infra/ takes the database user of a source: `SHOP_DATABASE_USER`. */
export function userVariable(source: string): string {
  return `${source.toUpperCase()}_DATABASE_USER`;
}

function isBetween(value: number, [min, max]: readonly [number, number]): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}
