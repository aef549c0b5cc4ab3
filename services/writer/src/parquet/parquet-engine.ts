import type { Column, SourceSystem } from '@bronze/common/words/entity';
import type { Receipt } from '@bronze/common/load/receipts';
import type { StagedBatch } from '@bronze/common/load/slice-manifest';
import type { Timestamp } from '@bronze/common/words/timestamp';

/** A staged batch with its bytes, which have the SHA-256 that its manifest names. */
export interface BatchBytes extends StagedBatch {
  readonly body: Uint8Array;
}

/** Everything that a conversion depends on: the same conversion gives the same bytes. */
export interface Conversion {
  /** In order; rows keep it. */
  readonly batches: readonly BatchBytes[];
  /** In the order of the Parquet file. */
  readonly columns: readonly Column[];
  readonly event_date_column: string | null;
  readonly ingested_at: Timestamp;
  readonly source_system: SourceSystem;
  readonly load_id: string;
  /** Parquet key-value metadata that tells whose part this is. */
  readonly provenance: Provenance;
}

export interface Provenance {
  readonly 'bronze.load_id': string;
  readonly 'bronze.write_task': string;
  /** SHA-256 over the SHA-256s of the batches. */
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
  /** NDJSON of `{ reason, record }`: rows of which some value does not fit its type exactly. */
  | { readonly kind: 'quarantine'; readonly rows: number; readonly body: Uint8Array };

/** Turns staged rows into Parquet. Rows = rows of the parts + rows of the quarantine, always. */
export interface ParquetEngine {
  readonly name: string;
  /** Columns it can't give their own Parquet type, and what it writes instead. */
  degraded(columns: readonly Column[]): Receipt['engine']['degraded'];
  /** @throws BronzeError ENGINE_LIMIT when it can't write these columns at all */
  convert(conversion: Conversion): AsyncIterable<Converted>;
  /** The rows of a part that carries exactly this mark, whichever engine wrote it; undefined for all other bytes. */
  rowCountIfOurs(body: Uint8Array, provenance: Provenance): number | undefined;
}
