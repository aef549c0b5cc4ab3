import type { Column, SourceSystem } from '@bronze/common/words/entity';
import type { Receipt } from '@bronze/common/load/receipts';
import type { StagedBatch } from '@bronze/common/load/slice-manifest';
import type { Timestamp } from '@bronze/common/words/timestamp';

/** A staged batch with its bytes, whose SHA-256 is the one in the slice's manifest. */
export interface BatchBytes extends StagedBatch {
  readonly body: Uint8Array;
}

/** Everything that a conversion's output depends on: the same input gives the same bytes. */
export interface Conversion {
  /** In the order of the slice, which the rows of each part keep. */
  readonly batches: readonly BatchBytes[];
  /** In the order of the Parquet file. */
  readonly columns: readonly Column[];
  readonly event_date_column: string | null;
  readonly ingested_at: Timestamp;
  readonly source_system: SourceSystem;
  readonly load_id: string;
  /** Parquet key-value metadata that names the write task and the batches a part was made from (decision 4). */
  readonly provenance: Provenance;
}

export interface Provenance {
  readonly 'bronze.load_id': string;
  readonly 'bronze.write_task': string;
  /** Hex SHA-256 over the batches' hex SHA-256s, in order. */
  readonly 'bronze.batches_sha256': string;
}

export type Converted =
  | {
      readonly kind: 'part';
      /** A real ISO date, {@link NULL_EVENT_DATE}, or null without an event date column. At most one part for each. */
      readonly event_date: string | null;
      readonly rows: number;
      readonly body: Uint8Array;
    }
  /** NDJSON of `{ reason, record }`: rows with a value that does not fit its type exactly. */
  | { readonly kind: 'quarantine'; readonly rows: number; readonly body: Uint8Array };

/** Turns staged rows into Parquet. Every row is in exactly one part or in the quarantine. */
export interface ParquetEngine {
  readonly name: string;
  /** Columns that it can't write in their own Parquet type, and what it writes instead. */
  degraded(columns: readonly Column[]): Receipt['engine']['degraded'];
  /** @throws BronzeError ENGINE_LIMIT if it can't write these columns or rows at all */
  convert(conversion: Conversion): AsyncIterable<Converted>;
  /** Row count of a part with exactly this provenance, whichever engine wrote it; undefined for any other bytes. */
  rowCountIfOurs(body: Uint8Array, provenance: Provenance): number | undefined;
}
