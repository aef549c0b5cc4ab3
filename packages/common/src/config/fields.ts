/** Fields of every entity, whatever its source. `npm run docs` writes the descriptions to docs/configuration.md. */
import * as z from 'zod/mini';
import { DURATION } from '../words/duration.ts';
import '../words/zod-locale.ts';

export const positive = z.int().check(z.minimum(1));
/** Servers and timers hold milliseconds in 31 bits: about 2,147,000 seconds. */
export const seconds = positive.check(z.maximum(2_000_000));

/** Gives a field its description in docs/configuration.md. */
export function described<T extends z.ZodMiniType>(schema: T, meaning: string): T {
  return schema.check(z.describe(meaning));
}

/** What an entity's settings gain when it is taken out of its configuration. */
export interface NamedEntity {
  readonly name: string;
  /** See `Config.file`. */
  readonly config_file?: string;
}

const MIB = 1024 * 1024;

const duration = z.string().check(z.regex(DURATION, "expected a number and a unit: '90m', '26h', '2d'"));

/** Fields of every source. */
export const sourceFields = {
  fresh_within: described(z.optional(duration), '`fresh_within` of its entities that have none of their own'),
};

export const commonFields = {
  source: described(z.string(), 'name of the source that it is read from'),
  enabled: described(z._default(z.boolean(), true), 'whether a run that names no entities includes it'),
  fresh_within: described(
    z.optional(duration),
    "how old its data may be, such as `'90m'`, `'26h'`, `'2d'`: `bronze status` names the entity as late when its checkpoint is further behind, or when it was never loaded, and ends with 4",
  ),
  after: described(
    z.optional(z.array(z.string()).check(z.minLength(1))),
    "entities that a run loads before this one, such as `['customers']`: it is requested once their loads have completed, and skipped if one of them failed. Those that the run leaves out hold up nothing. On AWS this takes [`ORCHESTRATION=stepfunctions`](aws/step-functions.md)",
  ),
  allow_quarantine: described(
    z._default(z.boolean(), false),
    'whether rows in quarantine are expected: they are still counted and shown, but `run` and `status` do not end with 4 because of them',
  ),
  batch_rows: described(z._default(positive, 50_000), 'rows at which a staged batch ends'),
  batch_bytes: described(z._default(positive, 16 * MIB), 'bytes of NDJSON at which a staged batch ends'),
  task_rows: described(
    z._default(positive, 250_000),
    'most rows of a write task, which writes one Parquet file for each event date in it',
  ),
  task_bytes: described(
    z._default(positive, 64 * MIB),
    'most bytes of NDJSON of a write task; a larger batch is a write task by itself',
  ),
  slice_rows: described(
    z._default(positive, 500_000),
    'rows after which an extractor invocation commits its slice and enqueues what comes next',
  ),
  slice_bytes: described(
    z._default(positive, 2048 * MIB),
    'bytes of NDJSON after which an extractor invocation commits its slice and enqueues what comes next',
  ),
};
