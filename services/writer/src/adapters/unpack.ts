import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { BronzeError } from '@bronze/common/words/failure';
import type { BatchBytes } from '../parquet/parquet-engine.ts';

const decompress = promisify(zstdDecompress);

/**
 * The NDJSON of a batch. Checks its length, because zlib decompresses one zstd frame and silently ignores what follows.
 *
 * @throws BronzeError OBJECT_CORRUPT
 */
export async function unpack(batch: BatchBytes): Promise<Uint8Array> {
  const ndjson = await decompress(batch.body);
  if (ndjson.length === batch.ndjson_bytes) return ndjson;
  throw new BronzeError('OBJECT_CORRUPT', {
    message: `${batch.key} unpacks to ${ndjson.length} bytes, but its manifest says ${batch.ndjson_bytes}`,
    hint: 'Nothing was written. Please report this with the load’s staging folder.',
  });
}
