import {
  BRONZE_PREFIX,
  CHECKPOINTS_KEY,
  LOAD_RECORDS_PREFIX,
  QUARANTINE_PREFIX,
  STAGING_PREFIX,
} from '@bronze/common/load/object-keys';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type IBucket,
  type LifecycleRule,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';

export interface DataBucketProps {
  /** Default: a name that AWS generates. */
  readonly bucketName?: string | undefined;
  /** Default: keys that S3 manages. */
  readonly key?: IKey | undefined;
}

/** Keys that are written once and never again: every put to them carries `If-None-Match`. */
export const CREATE_ONCE = [
  `${BRONZE_PREFIX}*`,
  `${QUARANTINE_PREFIX}*`,
  `${STAGING_PREFIX}*/slice-*.json`,
  `${STAGING_PREFIX}*/receipts/*.json`,
  `${LOAD_RECORDS_PREFIX}*`,
] as const;

/** Where Athena puts the results of queries. */
export const QUERY_RESULTS_PREFIX = 'athena/';

/**
 * What S3 removes by itself (docs/aws/storage.md). No rule may expire current objects by age, except results of queries: the
 * staged batches of a load that is stuck are the only copy of its rows, and a load record is needed however old it is.
 */
const LIFECYCLE: readonly LifecycleRule[] = [
  {
    id: 'superseded-versions',
    // Long enough to notice that somebody deleted what was needed.
    noncurrentVersionExpiration: Duration.days(30),
    expiredObjectDeleteMarker: true,
    abortIncompleteMultipartUploadAfter: Duration.days(7),
  },
  {
    id: 'query-results',
    prefix: QUERY_RESULTS_PREFIX,
    expiration: Duration.days(7),
    noncurrentVersionExpiration: Duration.days(1),
  },
];

/** The bucket for staging, bronze and checkpoints: versioned, private, TLS only, and kept when the stack is deleted. */
export class DataBucket extends Construct {
  readonly bucket: IBucket;

  constructor(scope: Construct, id: string, props: DataBucketProps) {
    super(scope, id);
    const bucket = new Bucket(this, 'Bucket', {
      ...(props.bucketName !== undefined && { bucketName: props.bucketName }),
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      versioned: true,
      lifecycleRules: [...LIFECYCLE],
      ...(props.key
        ? { encryption: BucketEncryption.KMS, encryptionKey: props.key, bucketKeyEnabled: true }
        : { encryption: BucketEncryption.S3_MANAGED }),
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    });
    // The CDK’s own types disagree about undefined properties.
    this.bucket = bucket as IBucket;
    denyUnconditionalPuts(this.bucket);
  }
}

/**
 * Makes the bucket refuse unconditional puts, so that no client can overwrite what is written once or swap a checkpoint
 * blindly. The owner of an existing bucket adds the same policy: see docs/aws.md.
 */
export function denyUnconditionalPuts(bucket: IBucket): void {
  bucket.addToResourcePolicy(
    deny(
      'DenyUnconditionalPuts',
      CREATE_ONCE.map((key) => bucket.arnForObjects(key)),
      { 's3:if-none-match': 'true' },
    ),
  );
  bucket.addToResourcePolicy(
    deny('DenyUnconditionalCheckpoints', [bucket.arnForObjects(CHECKPOINTS_KEY)], {
      's3:if-none-match': 'true',
      's3:if-match': 'true',
    }),
  );
}

/** Denies puts to these keys that carry none of these headers. */
function deny(sid: string, resources: string[], absent: Record<string, 'true'>): PolicyStatement {
  return new PolicyStatement({
    sid,
    effect: Effect.DENY,
    principals: [new AnyPrincipal()],
    actions: ['s3:PutObject'],
    resources,
    conditions: { Null: absent },
  });
}
