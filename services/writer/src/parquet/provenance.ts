import { type FileMetaData, parquetMetadata } from 'hyparquet';
import type { Provenance } from './parquet-engine.ts';

/** The number of rows of a Parquet file that carries exactly this provenance; undefined for any other bytes. */
export function rowCountIfOurs(body: Uint8Array, provenance: Provenance): number | undefined {
  const metadata = metadataOf(body);
  const found = new Map(metadata?.key_value_metadata?.map(({ key, value }) => [key, value]));
  const isOurs = Object.entries(provenance).every(([key, value]) => found.get(key) === value);
  return metadata && isOurs ? Number(metadata.num_rows) : undefined;
}

function metadataOf(body: Uint8Array): FileMetaData | undefined {
  try {
    return parquetMetadata(Uint8Array.from(body).buffer);
  } catch {
    return undefined;
  }
}
