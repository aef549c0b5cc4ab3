import type { Random } from '../../random.ts';

/** A session that has locked the table in ACCESS SHARE mode. */
export interface Reader {
  /** `pg_terminate_backend`: its next statement fails. */
  terminate(): void;
}

/** Takes an ACCESS EXCLUSIVE lock on the table, and puts it into another file. */
export type Remake =
  /** `ALTER TABLE … TYPE`: every row gets the id of the transaction that rewrites it. */
  | 'rewritten'
  /** TRUNCATE and INSERT in one transaction, partly with cursors of long ago. */
  | 'reloaded'
  /** A filled table is renamed into the place of the old one. */
  | 'swapped'
  /** `VACUUM FULL`: every row keeps its transaction id. */
  | 'compacted'
  /** REFRESH MATERIALIZED VIEW, without CONCURRENTLY. */
  | 'refreshed';

/** What befalls a table or its database, besides writes. */
export type Upheaval =
  | Exclude<Remake, 'refreshed'>
  /** Another database answers under the same name. */
  | 'replaced'
  /** An older copy of the same database answers: its transaction ids are lower. */
  | 'restored'
  /** Other tables use up 2^31 transaction ids. */
  | 'ids spent'
  | 'clock set back'
  /** Grants on single columns don't cover `xmin`. */
  | 'privilege revoked'
  | 'privilege granted';

const REMAKES: ReadonlySet<string> = new Set<Remake>(['rewritten', 'reloaded', 'swapped', 'compacted', 'refreshed']);

export function isRemake(upheaval: Upheaval): upheaval is Exclude<Remake, 'refreshed'> {
  return REMAKES.has(upheaval);
}

/** At most one of these courses befalls a table. */
const COURSES: readonly (readonly Upheaval[])[] = [
  ['rewritten'],
  ['reloaded'],
  ['swapped'],
  ['compacted'],
  ['rewritten', 'swapped'],
  ['reloaded', 'rewritten'],
  ['replaced'],
  ['replaced'],
  ['restored'],
  ['ids spent'],
  ['clock set back'],
  ['clock set back', 'reloaded'],
  ['privilege revoked', 'privilege granted'],
  ['privilege granted'],
  ['privilege granted'],
];
/** A view's windows go by cursors, which must be of their own time. */
const COURSES_OF_VIEWS: readonly (readonly Upheaval[])[] = [['rewritten'], ['compacted']];

/** Draws what befalls a table or, if its rows have no transaction ids, the table that a view is over. */
export function drawUpheavals(random: Random, hasXids: boolean): readonly Upheaval[] {
  if (!random.chance(hasXids ? 0.6 : 0.15)) return [];
  return random.pick(hasXids ? COURSES : COURSES_OF_VIEWS);
}

/** Which relation and file a table is, and which sessions have locked it. */
export class SimStorage {
  readonly #readers = new Set<Reader>();
  oid = 16385;
  file_node = 16390;

  lock(reader: Reader): void {
    this.#readers.add(reader);
  }

  unlock(reader: Reader): void {
    this.#readers.delete(reader);
  }

  /** Whether an ACCESS EXCLUSIVE lock has to wait for sessions, some of which may belong to killed invocations. */
  get isRead(): boolean {
    return this.#readers.size > 0;
  }

  /** What an impatient operator does with the sessions in the way. */
  terminateReaders(): void {
    for (const reader of this.#readers) reader.terminate();
    this.#readers.clear();
  }
}
