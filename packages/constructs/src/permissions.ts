/** What each function may do in the bucket: exact actions on exact prefixes. */
import {
  BATCH_SUFFIX,
  BRONZE_PREFIX,
  CHECKPOINTS_KEY,
  FAILURES_PREFIX,
  LOAD_RECORDS_PREFIX,
  PROBE_KEY,
  QUARANTINE_PREFIX,
  RUN_LOG_PREFIX,
  STAGING_PREFIX,
  STATE_PREFIX,
} from '@bronze/common/load/object-keys';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';

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
    put: [`${RUN_LOG_PREFIX}*`],
    list: [CHECKPOINTS_KEY, `${LOAD_RECORDS_PREFIX}*`],
  },
  freshness: { get: [CHECKPOINTS_KEY], list: [CHECKPOINTS_KEY] },
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
