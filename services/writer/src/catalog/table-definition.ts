import { createHash } from 'node:crypto';
import { BRONZE_PREFIX, LOAD_RECORDS_PREFIX, STATE_PREFIX } from '@bronze/common/load/object-keys';
import { parquetType } from '../parquet/type-mapping.ts';
import { glueType } from './column-types.ts';
import type { CatalogColumn, EntityTable } from './entity-table.ts';
import { METADATA } from './load-columns.ts';

export interface TableDefinition {
  readonly name: string;
  readonly description: string;
  /** Prefix of its objects. */
  readonly prefix: string;
  readonly format: 'parquet' | 'json' | 'log';
  readonly columns: readonly CatalogColumn[];
  readonly partition_keys: readonly CatalogColumn[];
  readonly parameters: Readonly<Record<string, string>>;
}

/** Of a table that Bronze made, a digest of its definition; tables without it are not touched. */
export const DEFINITION = 'bronze.definition';
/** A digest of the load records that its columns and partitions come from. */
export const RECORDS = 'bronze.records';

/** The definition with its digest among the parameters, and with these besides. */
export function marked(table: TableDefinition, others: Readonly<Record<string, string>>): TableDefinition {
  return { ...table, parameters: { ...table.parameters, [DEFINITION]: digestOf(table), ...others } };
}

const DIGEST_CHARACTERS = 32;

export function digestOf(value: object): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, DIGEST_CHARACTERS);
}

const text = (name: string): CatalogColumn => ({ name, type: 'string' });
const number = (name: string): CatalogColumn => ({ name, type: 'bigint' });

/** Longer descriptions are refused. */
const DESCRIPTION_CHARACTERS = 2048;

export function entityDefinition(entity: string, table: EntityTable): TableDefinition {
  const left_out = table.left_out.map(({ column, reason }) => `${column} (${reason})`).join('; ');
  const description = `What Bronze has ingested of ${entity}${left_out && `. Not shown: ${left_out}`}`;
  return {
    name: entity,
    description: description.replaceAll(/\p{Cc}/gu, ' ').slice(0, DESCRIPTION_CHARACTERS),
    prefix: `${BRONZE_PREFIX}${entity}/`,
    format: 'parquet',
    columns: table.columns,
    partition_keys: table.partition_keys,
    parameters: {},
  };
}

/** Every row of every entity, with the columns that all have in common. */
export function bronzeDefinition(name: string): TableDefinition {
  return {
    name,
    description: 'Every record that Bronze has ingested, of all entities, without the entities’ own columns',
    prefix: BRONZE_PREFIX,
    format: 'parquet',
    columns: METADATA.map(({ name: column, type }) => ({ name: column, type: glueType(parquetType(type)) })),
    partition_keys: [text('entity'), { name: 'ingestion_date', type: 'date' }, text('load_type')],
    parameters: {},
  };
}

/** The run log: `[2024-01-15 10:30:45] Starting: Processing customers` */
export function logDefinition(name: string): TableDefinition {
  return {
    name,
    description: 'The run log: what starts, completes and fails',
    prefix: STATE_PREFIX,
    format: 'log',
    columns: ['at', 'time', 'event', 'message'].map(text),
    partition_keys: [{ name: 'date', type: 'date' }],
    parameters: {},
  };
}

/** The load records. Their partitions are computed: one for each entity that is configured. */
export function loadsDefinition(name: string, entities: readonly string[], bucket: string): TableDefinition {
  return {
    name,
    description: 'What each load brought: windows, rows, changed columns, quarantine, files',
    prefix: LOAD_RECORDS_PREFIX,
    format: 'json',
    columns: LOAD_COLUMNS,
    partition_keys: [text('entity')],
    parameters: {
      'projection.enabled': 'true',
      'projection.entity.type': 'enum',
      'projection.entity.values': entities.join(','),
      'storage.location.template': `s3://${bucket}/${LOAD_RECORDS_PREFIX}\${entity}/`,
    },
  };
}

/** The fields of load records that queries need; `docs/how-we-know/semantics.md` describes them all. */
const LOAD_COLUMNS: readonly CatalogColumn[] = [
  ...['status', 'load_id', 'run_id', 'load_type', 'since', 'until', 'ingested_at', 'completed_at'].map(text),
  ...['window_basis', 'window_fallback', 'source_system'].map(text),
  ...['watermark_lag_seconds', 'oldest_transaction_seconds'].map((name) => ({ name, type: 'double' })),
  ...['rows', 'rows_in_bronze', 'rows_quarantined', 'slices', 'write_tasks'].map(number),
  { name: 'columns', type: 'array<struct<name:string,type:string>>' },
  { name: 'schema_changes', type: 'array<struct<kind:string,column:string,from:string,to:string>>' },
  {
    name: 'left_out',
    type: 'struct<without_cursor:bigint,outside_window:bigint,left_for_later:bigint,in_the_future:bigint,repeated:bigint>',
  },
  { name: 'parts', type: 'array<struct<key:string,rows:bigint,bytes:bigint,sha256:string>>' },
  {
    name: 'quarantine',
    type: 'array<struct<key:string,rows:bigint,reasons:array<struct<reason:string,rows:bigint>>>>',
  },
];
