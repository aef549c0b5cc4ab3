import { parquetMetadata } from 'hyparquet';
import type { PartMark } from './parquet-engine.ts';

/** Whether the Parquet file carries exactly this mark; false also for bytes that are no Parquet file. */
export function carriesMark(body: Uint8Array, mark: PartMark): boolean {
  const found = metadataOf(body);
  return Object.entries(mark).every(([key, value]) => found.get(key) === value);
}

function metadataOf(body: Uint8Array): ReadonlyMap<string, string | undefined> {
  try {
    const { key_value_metadata } = parquetMetadata(Uint8Array.from(body).buffer);
    return new Map(key_value_metadata?.map(({ key, value }) => [key, value]));
  } catch {
    return new Map();
  }
}
