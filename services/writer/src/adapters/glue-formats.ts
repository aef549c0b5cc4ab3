import type { StorageDescriptor } from '@aws-sdk/client-glue';
import type { TableDefinition } from '../catalog/table-definition.ts';

type Format = TableDefinition['format'];
type Storage = Pick<StorageDescriptor, 'InputFormat' | 'OutputFormat' | 'SerdeInfo'> & {
  readonly classification: string;
};

const TEXT = {
  InputFormat: 'org.apache.hadoop.mapred.TextInputFormat',
  OutputFormat: 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
};

const FORMATS: Readonly<Record<Format, Storage>> = {
  parquet: {
    classification: 'parquet',
    InputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat',
    OutputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat',
    SerdeInfo: { SerializationLibrary: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe' },
  },
  json: {
    ...TEXT,
    classification: 'json',
    SerdeInfo: {
      SerializationLibrary: 'org.openx.data.jsonserde.JsonSerDe',
      // A record that an earlier version wrote in several lines is then rows of nulls, not the end of the query.
      Parameters: { 'ignore.malformed.json': 'TRUE' },
    },
  },
  /** `[2024-01-15 10:30:45] Starting: Processing customers`: the time of day is a group inside the whole time. */
  log: {
    ...TEXT,
    classification: 'log',
    SerdeInfo: {
      SerializationLibrary: 'org.apache.hadoop.hive.serde2.RegexSerDe',
      Parameters: { 'input.regex': String.raw`^\[(\S+ (\S+))\] ([^:]+): (.*)$` },
    },
  },
};

/** How Athena reads the objects of a table. */
export function storageOf(format: Format): Storage {
  return FORMATS[format];
}
