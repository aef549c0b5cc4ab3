/** What each function may do: exact actions on exact resources, in the bucket on exact prefixes. */
import {
  AWAITED_PREFIX,
  BATCH_SUFFIX,
  BRONZE_PREFIX,
  CHECKPOINTS_KEY,
  FAILURES_PREFIX,
  LOAD_RECORDS_PREFIX,
  MEASURED_PREFIX,
  PLANS_PREFIX,
  PROBE_KEY,
  QUARANTINE_PREFIX,
  RUN_LOG_PREFIX,
  STAGING_PREFIX,
  STATE_PREFIX,
} from '@bronze/common/load/object-keys';
import { ArnFormat, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Queue } from 'aws-cdk-lib/aws-sqs';

interface BucketRights {
  readonly get?: readonly string[];
  readonly put?: readonly string[];
  readonly remove?: readonly string[];
  /** Prefixes. Without the right to list, S3 answers 403 instead of 404 for a key that does not exist. */
  readonly list: readonly string[];
}

const STAGED_BATCHES = `${STAGING_PREFIX}*${BATCH_SUFFIX}`;

export const BUCKET_RIGHTS = {
  // Load records tell a lost checkpoint from an entity that was never loaded.
  planner: {
    get: [CHECKPOINTS_KEY, `${LOAD_RECORDS_PREFIX}*`],
    put: [`${RUN_LOG_PREFIX}*`, `${PLANS_PREFIX}*`],
    list: [CHECKPOINTS_KEY, `${LOAD_RECORDS_PREFIX}*`],
  },
  freshness: {
    get: [CHECKPOINTS_KEY, `${MEASURED_PREFIX}*`],
    put: [`${MEASURED_PREFIX}*`],
    list: [CHECKPOINTS_KEY, `${PLANS_PREFIX}*`, `${MEASURED_PREFIX}*`],
  },
  orchestrator: {
    get: [CHECKPOINTS_KEY, `${LOAD_RECORDS_PREFIX}*`, `${FAILURES_PREFIX}*`, `${AWAITED_PREFIX}*`],
    put: [`${AWAITED_PREFIX}*`],
    remove: [`${AWAITED_PREFIX}*`],
    list: [CHECKPOINTS_KEY, `${LOAD_RECORDS_PREFIX}*`, `${FAILURES_PREFIX}*`, `${AWAITED_PREFIX}*`],
  },
  catalog: { get: [`${LOAD_RECORDS_PREFIX}*`], list: [`${LOAD_RECORDS_PREFIX}*`, `${RUN_LOG_PREFIX}*`] },
  extractor: {
    get: [`${STAGING_PREFIX}*`, CHECKPOINTS_KEY, `${LOAD_RECORDS_PREFIX}*`, PROBE_KEY],
    put: [
      `${STAGING_PREFIX}*`,
      CHECKPOINTS_KEY,
      `${LOAD_RECORDS_PREFIX}*`,
      `${FAILURES_PREFIX}*`,
      `${RUN_LOG_PREFIX}*`,
      PROBE_KEY,
    ],
    remove: [STAGED_BATCHES],
    list: [`${STAGING_PREFIX}*`, `${STATE_PREFIX}*`],
  },
  writer: {
    get: [
      `${STAGING_PREFIX}*`,
      `${BRONZE_PREFIX}*`,
      `${QUARANTINE_PREFIX}*`,
      CHECKPOINTS_KEY,
      `${LOAD_RECORDS_PREFIX}*`,
      PROBE_KEY,
    ],
    put: [
      `${STAGING_PREFIX}*/receipts/*`,
      `${BRONZE_PREFIX}*`,
      `${QUARANTINE_PREFIX}*`,
      CHECKPOINTS_KEY,
      `${LOAD_RECORDS_PREFIX}*`,
      `${FAILURES_PREFIX}*`,
      `${RUN_LOG_PREFIX}*`,
      PROBE_KEY,
    ],
    remove: [STAGED_BATCHES],
    list: [`${STAGING_PREFIX}*`, `${BRONZE_PREFIX}*`, `${QUARANTINE_PREFIX}*`, `${STATE_PREFIX}*`],
  },
} as const satisfies Record<string, BucketRights>;

export function grantBucket(bucket: IBucket, to: LambdaFunction, rights: BucketRights): void {
  const actions: readonly (readonly [string, readonly string[] | undefined])[] = [
    ['s3:GetObject', rights.get],
    ['s3:PutObject', rights.put],
    ['s3:DeleteObject', rights.remove],
  ];
  for (const [action, keys] of actions) {
    if (!keys) continue;
    const resources = keys.map((key) => bucket.arnForObjects(key));
    to.addToRolePolicy(new PolicyStatement({ actions: [action], resources }));
  }
  to.addToRolePolicy(
    new PolicyStatement({
      actions: ['s3:ListBucket'],
      resources: [bucket.bucketArn],
      // Reading a missing key needs this right too, without a prefix; if denied, S3 would answer 403 instead of 404.
      conditions: { StringLikeIfExists: { 's3:prefix': [...rights.list] } },
    }),
  );
}

export function grantSend(to: LambdaFunction, ...queues: readonly Queue[]): void {
  to.addToRolePolicy(
    new PolicyStatement({ actions: ['sqs:SendMessage'], resources: queues.map((queue) => queue.queueArn) }),
  );
}

/** What Lambda's event source does with the function's role, and the function itself when it puts a message off. */
export function grantReceive(to: LambdaFunction, queue: Queue): void {
  const actions = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ChangeMessageVisibility'];
  to.addToRolePolicy(new PolicyStatement({ actions, resources: [queue.queueArn] }));
}

/** Lets the function read these secrets, and decrypt them with these keys, for Secrets Manager only. */
export function grantSecrets(to: LambdaFunction, secrets: readonly ISecret[], keys: readonly IKey[]): void {
  for (const secret of secrets) {
    // Secrets Manager adds six characters to a name, which a partial ARN lacks.
    const resources = [secret.secretFullArn ?? `${secret.secretArn}-??????`];
    to.addToRolePolicy(new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources }));
  }
  const own = secrets.flatMap(({ encryptionKey }) => encryptionKey ?? []);
  for (const key of new Set([...keys, ...own])) grantKey(to, key, ['secretsmanager'], ['kms:Decrypt']);
}

/** Lets the function use the key through these services, and not by itself. */
export function grantKey(
  to: LambdaFunction,
  key: IKey,
  services: readonly string[],
  actions = ['kms:Decrypt', 'kms:GenerateDataKey'],
): void {
  const { region, urlSuffix } = Stack.of(to);
  const through = services.map((service) => `${service}.${region}.${urlSuffix}`);
  to.addToRolePolicy(
    new PolicyStatement({
      actions,
      resources: [key.keyArn],
      conditions: { StringEquals: { 'kms:ViaService': through } },
    }),
  );
}

/** Lets the function log in to databases by RDS's IAM authentication. @param users `db-ABCDEFGHIJKL01234/bronze` */
export function grantDatabaseUsers(to: LambdaFunction, users: readonly string[]): void {
  if (users.length === 0) return;
  const arn = (user: string) =>
    Stack.of(to).formatArn({
      service: 'rds-db',
      resource: 'dbuser',
      resourceName: user,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  to.addToRolePolicy(new PolicyStatement({ actions: ['rds-db:connect'], resources: users.map(arn) }));
}
