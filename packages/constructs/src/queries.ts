import { CfnNamedQuery, CfnWorkGroup } from 'aws-cdk-lib/aws-athena';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { QUERY_RESULTS_PREFIX } from './data-bucket.ts';

export interface QueriesProps {
  readonly name: string;
  readonly databaseName: string;
  readonly bucket: IBucket;
  /** By entity, for the "latest version per key" queries. */
  readonly keys: Readonly<Record<string, QueryKey>>;
}

/** The columns that identify a row, and the cursor that orders its versions; null: only the time of ingestion does. */
export interface QueryKey {
  readonly key: readonly string[];
  readonly cursor: string | null;
}

/** An Athena workgroup with saved queries: the last loads, today's run log, and each entity's latest versions. */
export class Queries extends Construct {
  constructor(scope: Construct, id: string, { name, databaseName, bucket, keys }: QueriesProps) {
    super(scope, id);
    const group = new CfnWorkGroup(this, 'WorkGroup', {
      name,
      recursiveDeleteOption: true,
      workGroupConfiguration: {
        enforceWorkGroupConfiguration: true,
        publishCloudWatchMetricsEnabled: true,
        resultConfiguration: {
          outputLocation: `s3://${bucket.bucketName}/${QUERY_RESULTS_PREFIX}`,
          encryptionConfiguration: { encryptionOption: 'SSE_S3' },
        },
      },
    });
    const saved = { ...MONITORING, ...Object.fromEntries(Object.entries(keys).map(latestOf)) };
    for (const [title, queryString] of Object.entries(saved)) {
      const query = new CfnNamedQuery(this, title, {
        name: title,
        database: databaseName,
        queryString,
        workGroup: name,
      });
      query.addResourceDependency(group);
    }
  }
}

const MONITORING = {
  'last-loads': `SELECT entity, load_type, since, until, rows_in_bronze, rows_quarantined, completed_at
FROM bronze_loads WHERE status = 'completed'
ORDER BY completed_at DESC LIMIT 100`,
  'run-log-of-today': `SELECT at, event, message FROM bronze_run_log
WHERE "date" = date_format(current_date, '%Y-%m-%d') ORDER BY at`,
};

function latestOf([entity, { key, cursor }]: readonly [string, QueryKey]): [string, string] {
  const newest = cursor === null ? '' : `"${cursor}" DESC, `;
  const by = key.map((name) => `"${name}"`).join(', ');
  return [
    `latest-${entity}`,
    `SELECT * FROM (
  SELECT *, row_number() OVER (PARTITION BY ${by} ORDER BY ${newest}_ingestion_ts DESC) AS version FROM "${entity}"
) WHERE version = 1`,
  ];
}
