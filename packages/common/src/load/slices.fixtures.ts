import type { SliceManifest, StagedBatch } from './slice-manifest.ts';
import { timestamp } from '../words/timestamp.ts';

export const LOAD_ID = '0b0b0b0b-0000-8000-8000-000000000000';

export const batch = (rows: number, ndjson_bytes: number): StagedBatch => ({
  key: 'k',
  rows,
  bytes: 1,
  ndjson_bytes,
  row_bytes_max: 1,
  sha256: '',
});

/** A committed slice of the entity `orders` with this number of write tasks. */
export const slice = (number: number, tasks: number, final: boolean): SliceManifest => ({
  version: 1,
  entity: 'orders',
  slice: number,
  attempt: 'a',
  load: {
    load_id: LOAD_ID,
    load_type: 'full',
    since: timestamp('1970-01-01'),
    until: timestamp('2024-01-01'),
    ingested_at: timestamp('2024-01-01'),
  },
  source_system: 'rds',
  columns: [],
  event_date_column: null,
  batches: [],
  tasks: Array.from({ length: tasks }, () => ({ first_batch: 0, batch_count: 1, rows: 1 })),
  first_part: 0,
  position: null,
  final,
});
