import type { CatalogNames } from '@bronze/common/load/catalog-names';
import { CfnNamedQuery, CfnWorkGroup } from 'aws-cdk-lib/aws-athena';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';

export interface QueriesProps {
  readonly name: string;
  readonly names: CatalogNames;
  readonly bucket: IBucket;
  /** By entity, for the "latest version per key" queries. */
  readonly keys: Readonly<Record<string, QueryKey>>;
}

/** The columns that identify a row, and the cursor that orders its versions; null: only the time of ingestion does. */
export interface QueryKey {
  readonly key: readonly string[];
  readonly cursor: string | null;
}

/** An Athena workgroup with saved queries: recent runs, counts, the last loads, and latest versions of entities. */
export class Queries extends Construct {
  constructor(scope: Construct, id: string, { name, names, bucket, keys }: QueriesProps) {
    super(scope, id);
    const group = new CfnWorkGroup(this, 'WorkGroup', {
      name,
      recursiveDeleteOption: true,
      workGroupConfiguration: {
        enforceWorkGroupConfiguration: true,
        publishCloudWatchMetricsEnabled: true,
        resultConfiguration: {
          outputLocation: `s3://${bucket.bucketName}/athena/`,
          encryptionConfiguration: { encryptionOption: 'SSE_S3' },
        },
      },
    });
    for (const [title, queryString] of Object.entries(savedQueries(names, keys))) {
      const query = new CfnNamedQuery(this, title, {
        name: title,
        database: names.database,
        queryString,
        workGroup: name,
      });
      query.addResourceDependency(group);
    }
  }
}

/** The saved queries by their names. */
export function savedQueries(names: CatalogNames, keys: QueriesProps['keys']): Record<string, string> {
  return { ...monitoring(names), ...Object.fromEntries(Object.entries(keys).map((one) => latestOf(names, one))) };
}

function monitoring(names: CatalogNames): Record<string, string> {
  const table = (name: string) => `"${names.database}"."${name}"`;
  return {
    'recent-runs': `SELECT * FROM ${table(names.log)}
WHERE "date" >= current_date - interval '7' day
ORDER BY "date" DESC, "time" DESC`,
    'rows-by-entity': `SELECT entity, ingestion_date, load_type, count(*) AS record_count
FROM ${table(names.bronze)}
GROUP BY entity, ingestion_date, load_type
ORDER BY ingestion_date DESC, entity`,
    'last-loads': `SELECT entity, load_type, since, until, rows_in_bronze, rows_quarantined, schema_changes, completed_at
FROM ${table(names.loads)} WHERE status = 'completed'
ORDER BY completed_at DESC LIMIT 100`,
  };
}

function latestOf(names: CatalogNames, [entity, { key, cursor }]: readonly [string, QueryKey]): [string, string] {
  const newest = cursor === null ? '' : `"${cursor}" DESC, `;
  const by = key.map((column) => `"${column}"`).join(', ');
  return [
    `latest-${entity}`,
    `SELECT * FROM (
  SELECT *, row_number() OVER (PARTITION BY ${by} ORDER BY ${newest}_ingestion_ts DESC) AS version
  FROM "${names.database}"."${entity}"
) WHERE version = 1`,
  ];
}
