import { BRONZE_PREFIX, LOAD_RECORDS_PREFIX, STATE_PREFIX } from '@bronze/common/load/object-keys';
import { Aws } from 'aws-cdk-lib';
import { CfnDatabase, CfnTable } from 'aws-cdk-lib/aws-glue';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';

/** A column, its type as Athena names it. */
export interface GlueColumn {
  readonly name: string;
  readonly type: string;
}

export interface CatalogEntity {
  readonly name: string;
  /** Without Bronze's metadata columns. Columns that are not listed here are in the Parquet files all the same. */
  readonly columns: readonly GlueColumn[];
}

export interface CatalogProps {
  readonly databaseName: string;
  readonly bucket: IBucket;
  readonly entities: readonly CatalogEntity[];
}

const METADATA: readonly GlueColumn[] = [
  { name: '_ingestion_ts', type: 'timestamp' },
  { name: '_source_system', type: 'string' },
  { name: '_record_hash', type: 'string' },
  { name: '_ingestion_id', type: 'string' },
];

/** The fields of load records that queries need; `docs/how-we-know/semantics.md` describes them all. */
const LOAD_COLUMNS: readonly GlueColumn[] = [
  ...['status', 'entity', 'load_id', 'run_id', 'load_type', 'since', 'until', 'ingested_at', 'completed_at'].map(
    (name) => ({ name, type: 'string' }),
  ),
  ...['window_basis', 'window_fallback'].map((name) => ({ name, type: 'string' })),
  ...['watermark_lag_seconds', 'oldest_transaction_seconds'].map((name) => ({ name, type: 'double' })),
  ...['rows', 'rows_in_bronze', 'rows_quarantined', 'slices', 'write_tasks'].map((name) => ({ name, type: 'bigint' })),
];

const FIRST_DAY = '2024-01-01';
/** Partition projection: Athena computes the partitions, so none has to be registered and none can be forgotten. */
const BY_DAY = (name: string) => ({
  [`projection.${name}.type`]: 'date',
  [`projection.${name}.format`]: 'yyyy-MM-dd',
  [`projection.${name}.range`]: `${FIRST_DAY},NOW+1DAYS`,
});

/** Glue tables over what the pipeline writes: one per entity, the load records and the run log. */
export class Catalog extends Construct {
  readonly databaseName: string;

  constructor(scope: Construct, id: string, props: CatalogProps) {
    super(scope, id);
    this.databaseName = props.databaseName;
    const database = new CfnDatabase(this, 'Database', {
      catalogId: Aws.ACCOUNT_ID,
      databaseInput: {
        name: props.databaseName,
        description: 'Bronze: entities that the pipeline has ingested, its load records and its run log',
      },
    });
    const tables = [
      ...props.entities.map((entity) => this.#entity(entity, props)),
      this.#loads(props),
      this.#runLogs(props),
    ];
    for (const table of tables) table.addResourceDependency(database);
  }

  /**
   * Partitioned by ingestion date and load type. Event dates are not partitions here: they have no bounds to compute
   * partitions from, and every query would have to name one. Athena reads the folders below a partition too, and
   * Parquet's statistics let it skip row groups.
   */
  #entity({ name, columns }: CatalogEntity, props: CatalogProps): CfnTable {
    const root = `s3://${props.bucket.bucketName}/${BRONZE_PREFIX}${name}/`;
    const partitions = ['ingestion_date', 'load_type'];
    return this.#table(name, props, {
      location: root,
      columns: [...columns, ...METADATA],
      partitions,
      parameters: {
        ...BY_DAY('ingestion_date'),
        'projection.load_type.type': 'enum',
        'projection.load_type.values': 'full,incremental',
        'storage.location.template': `${root}${partitions.map((key) => `${key}=\${${key}}`).join('/')}/`,
      },
      format: PARQUET,
    });
  }

  #loads(props: CatalogProps): CfnTable {
    const root = `s3://${props.bucket.bucketName}/${LOAD_RECORDS_PREFIX}`;
    const names = props.entities.map(({ name }) => name).join(',');
    return this.#table('bronze_loads', props, {
      location: root,
      columns: LOAD_COLUMNS.filter(({ name }) => name !== 'entity'),
      partitions: ['entity'],
      parameters: {
        'projection.entity.type': 'enum',
        'projection.entity.values': names,
        'storage.location.template': `${root}\${entity}/`,
      },
      format: JSON_OBJECTS,
    });
  }

  #runLogs(props: CatalogProps): CfnTable {
    const root = `s3://${props.bucket.bucketName}/${STATE_PREFIX}`;
    return this.#table('bronze_run_log', props, {
      location: root,
      columns: [
        { name: 'at', type: 'string' },
        { name: 'event', type: 'string' },
        { name: 'message', type: 'string' },
      ],
      partitions: ['date'],
      parameters: { ...BY_DAY('date'), 'storage.location.template': `${root}date=\${date}/` },
      format: LOG_LINES,
    });
  }

  #table(name: string, { databaseName }: CatalogProps, table: TableInput): CfnTable {
    const { location, columns, partitions, parameters, format } = table;
    return new CfnTable(this, `Table-${name}`, {
      catalogId: Aws.ACCOUNT_ID,
      databaseName,
      tableInput: {
        name,
        tableType: 'EXTERNAL_TABLE',
        parameters: { EXTERNAL: 'TRUE', 'projection.enabled': 'true', ...format.parameters, ...parameters },
        partitionKeys: partitions.map((partition) => ({ name: partition, type: 'string' })),
        storageDescriptor: {
          location,
          columns: columns.map((column) => ({ ...column })),
          inputFormat: format.input,
          outputFormat: format.output,
          serdeInfo: { serializationLibrary: format.serde, parameters: format.options },
        },
      },
    });
  }
}

interface TableInput {
  readonly location: string;
  readonly columns: readonly GlueColumn[];
  readonly partitions: readonly string[];
  readonly parameters: Readonly<Record<string, string>>;
  readonly format: Format;
}

interface Format {
  readonly input: string;
  readonly output: string;
  readonly serde: string;
  readonly options: Record<string, string>;
  readonly parameters: Readonly<Record<string, string>>;
}

const TEXT = {
  input: 'org.apache.hadoop.mapred.TextInputFormat',
  output: 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
};
const PARQUET: Format = {
  input: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat',
  output: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat',
  serde: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe',
  options: {},
  parameters: { classification: 'parquet' },
};
const JSON_OBJECTS: Format = {
  ...TEXT,
  // The Ion SerDe reads JSON objects that span several lines, which Hive's JSON SerDe doesn't.
  input: 'com.amazon.ionhiveserde.formats.IonInputFormat',
  output: 'com.amazon.ionhiveserde.formats.IonOutputFormat',
  serde: 'com.amazon.ionhiveserde.IonHiveSerDe',
  options: {},
  parameters: { classification: 'ion' },
};
const LOG_LINES: Format = {
  ...TEXT,
  serde: 'org.apache.hadoop.hive.serde2.RegexSerDe',
  options: { 'input.regex': '^\\[([^\\]]+)\\] ([^:]+): (.*)$' },
  parameters: { classification: 'log' },
};
