import type { PendingLoad } from './checkpoint.ts';
import { EPOCH, timestamp } from '../words/timestamp.ts';

export const id = (digit: number) => `${String(digit).repeat(8)}-0000-8000-8000-000000000000`;

export const SYNCED = timestamp('2024-01-15');

export const pending = (load_id: string): PendingLoad => ({
  load_id,
  load_type: 'incremental',
  since: EPOCH,
  until: SYNCED,
  ingested_at: SYNCED,
});
