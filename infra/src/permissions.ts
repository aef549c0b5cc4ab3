/** What each function may do in the bucket: exact actions on exact prefixes. */
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

const STATE = 'logs/pipeline/ingestion/';
const CHECKPOINTS = `${STATE}checkpoints.json`;
const PROBE = `${STATE}probe.txt`;

export const BUCKET_RIGHTS = {
  planner: { get: [CHECKPOINTS], list: [CHECKPOINTS] },
  freshness: { get: [CHECKPOINTS], list: [CHECKPOINTS] },
  extractor: {
    get: ['data/staging/*', CHECKPOINTS, `${STATE}loads/*`, PROBE],
    put: ['data/staging/*', CHECKPOINTS, `${STATE}loads/*`, `${STATE}failures/*`, `${STATE}date=*`, PROBE],
    remove: ['data/staging/*.ndjson.zst'],
    list: ['data/staging/*', `${STATE}*`],
  },
  writer: {
    get: ['data/staging/*', 'data/bronze/*', 'data/quarantine/*', CHECKPOINTS, `${STATE}loads/*`, PROBE],
    put: [
      'data/staging/*/receipts/*',
      'data/bronze/*',
      'data/quarantine/*',
      CHECKPOINTS,
      `${STATE}loads/*`,
      `${STATE}failures/*`,
      `${STATE}date=*`,
      PROBE,
    ],
    remove: ['data/staging/*.ndjson.zst'],
    list: ['data/staging/*', 'data/bronze/*', 'data/quarantine/*', `${STATE}*`],
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
