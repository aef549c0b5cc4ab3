import type { Backfill } from './backfill.ts';
import type { PendingLoad } from './checkpoint.ts';
import type { SchemaChange } from './schema-changes.ts';
import type { Skipped } from './position.ts';
import type { LoadType } from '../words/entity.ts';
import type { WindowFallback } from '../words/exact-position.ts';
import type { Failure } from '../words/failure.ts';

/** What the pipeline reports about itself. Logs, metrics and the progress display are made from these. */
export type PipelineEvent =
  | { readonly kind: 'planned'; readonly entity: string; readonly load_id: string; readonly run_id: string }
  | { readonly kind: 'request_done'; readonly entity: string; readonly load_id: string; readonly reason: string }
  | {
      readonly kind: 'load_claimed';
      readonly entity: string;
      readonly load_id: string;
      readonly run_id: string | undefined;
      readonly load_type: LoadType;
      readonly since: string;
      readonly until: string;
      readonly backfill?: Backfill | undefined;
      readonly since_parameter: PendingLoad['since_parameter'];
      readonly window_basis?: string | undefined;
      readonly watermark_lag_seconds?: number | undefined;
      readonly oldest_transaction_seconds?: number | undefined;
      /** About how many rows a full load will read, if the source has an estimate. */
      readonly rows_estimated?: number | undefined;
    }
  | {
      /** A request that the pending full load, or backfill of the same window, answers: it makes no load of its own. */
      readonly kind: 'load_continued';
      readonly entity: string;
      /** The pending load. */
      readonly load_id: string;
      readonly run_id: string | undefined;
      readonly claimed_at: string;
      readonly backfill?: Backfill | undefined;
    }
  | {
      /** The exact position did not count, so this load may bring rows again. */
      readonly kind: 'window_fallback';
      readonly entity: string;
      readonly load_id: string;
      readonly reason: WindowFallback;
    }
  | {
      readonly kind: 'message_failed';
      readonly entity: string;
      readonly receive_count: number;
      /** Whether it goes to the dead-letter queue. */
      readonly is_dead: boolean;
      readonly failure: Failure;
    }
  | {
      /** A request could not help the load that it waits behind, and leaves it to the run that is working on it. */
      readonly kind: 'load_left';
      readonly entity: string;
      readonly load_id: string;
      readonly failure: Failure;
    }
  | { readonly kind: 'run_log_unwritten'; readonly entity: string; readonly failure: Failure }
  | {
      /** The API refused the page behind the last, or gave the last one again: Bronze took that for the end of the list. */
      readonly kind: 'end_implied';
      readonly entity: string;
      readonly how: 'refused' | 'repeated';
      /** Number or offset of the page; undefined for page tokens. */
      readonly page?: string | undefined;
      readonly status?: number;
    }
  | { readonly kind: 'source_retried'; readonly entity: string; readonly attempt: number; readonly failure: Failure }
  | {
      /** No connection to the source for now: everything that reads from it waits. */
      readonly kind: 'source_waiting';
      readonly entity: string;
      readonly source: string;
      readonly wait_seconds_max: number;
      readonly failure: Failure;
    }
  | {
      readonly kind: 'source_reached';
      readonly entity: string;
      readonly source: string;
      readonly waited_seconds: number;
    }
  | {
      /** The server allows fewer connections than the configuration. */
      readonly kind: 'connections_lowered';
      readonly entity: string;
      readonly source: string;
      readonly max_connections: number;
    }
  | {
      readonly kind: 'batch_staged';
      readonly entity: string;
      readonly load_id: string;
      readonly slice: number;
      readonly attempt: string;
      readonly rows: number;
      readonly bytes: number;
    }
  | {
      readonly kind: 'slice_committed';
      readonly entity: string;
      readonly load_id: string;
      readonly slice: number;
      readonly attempt: string;
      readonly rows: number;
      readonly final: boolean;
    }
  | {
      readonly kind: 'slice_lost';
      readonly entity: string;
      readonly load_id: string;
      readonly slice: number;
      readonly attempt: string;
    }
  | {
      readonly kind: 'task_written';
      readonly entity: string;
      readonly load_id: string;
      readonly slice: number;
      readonly task: number;
      readonly rows: number;
      readonly parts: number;
      readonly bytes: number;
      readonly rows_quarantined: number;
    }
  | {
      /** Objects lie among the load's receipts that are none. They count for nothing, and nothing removes them. */
      readonly kind: 'strays_ignored';
      readonly entity: string;
      readonly load_id: string;
      readonly prefix: string;
      readonly objects: number;
      /** The first of them, without the prefix; `""` is the marker of the folder. */
      readonly names: readonly string[];
    }
  | {
      /** The columns of a decided load differ from those of the load before. */
      readonly kind: 'schema_changed';
      readonly entity: string;
      readonly load_id: string;
      readonly changes: readonly SchemaChange[];
    }
  | { readonly kind: 'load_abandoned'; readonly entity: string; readonly load_id: string }
  | {
      readonly kind: 'load_completed';
      readonly entity: string;
      readonly load_id: string;
      /** In bronze. */
      readonly rows: number;
      readonly rows_quarantined: number;
      readonly parts: number;
      readonly until: string;
      readonly backfill?: Backfill | undefined;
      readonly left_out?: Skipped | undefined;
      /** How many records showed late: see `SeenCursors`. */
      readonly late?: number | undefined;
    };

export interface Log {
  event(event: PipelineEvent): void;
}
