/** How staged batches are compressed. */
export interface BatchCodec {
  compress(ndjson: Uint8Array): Promise<Uint8Array>;
}
