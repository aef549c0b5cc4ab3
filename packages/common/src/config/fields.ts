/** Fields that entities of every kind of source have. The descriptions are the reference in docs/configuration.md. */
import * as z from 'zod/mini';
import '../words/zod-locale.ts';

export const positive = z.int().check(z.minimum(1));
/** Servers and timers count milliseconds in 31 bits. */
export const seconds = positive.check(z.maximum(2_000_000));

/** A field with its line in the reference. */
export function described<T extends z.ZodMiniType>(schema: T, meaning: string): T {
  return schema.check(z.describe(meaning)) as T;
}

const MIB = 1024 * 1024;

export const commonFields = {
  source: described(z.string(), 'name of its source'),
  enabled: described(z._default(z.boolean(), true), 'whether a run without names includes it'),
  batch_rows: described(z._default(positive, 50_000), 'a batch ends at so many rows'),
  batch_bytes: described(z._default(positive, 16 * MIB), 'or so many bytes of NDJSON'),
  task_rows: described(
    z._default(positive, 250_000),
    'a write task, one Parquet file for each event date in it, ends at so many rows',
  ),
  task_bytes: described(z._default(positive, 64 * MIB), 'or so many bytes of NDJSON'),
  slice_rows: described(
    z._default(positive, 500_000),
    'an extractor invocation commits and hands over after so many rows',
  ),
  slice_bytes: described(z._default(positive, 2048 * MIB), 'or so many bytes of NDJSON'),
};
