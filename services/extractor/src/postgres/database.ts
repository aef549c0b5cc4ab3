/** The port through which PostgreSQL is read. Its one adapter is `adapters/pg-database.ts`, behind `connections.ts`. */
import type { Deadline } from '@bronze/common/ports/clock';

/** A row as PostgreSQL prints it: every value is text, or null. */
export type Row = Readonly<Record<string, string | null>>;

/** Who connects. */
export interface Asking {
  /** Name of the entity to read, for messages. */
  readonly entity: string;
  readonly deadline?: Deadline | undefined;
}

/** One database of one server, as one role sees it. */
export interface Database {
  /**
   * Connects and begins a read-only `READ COMMITTED` transaction in which values print as canonical text.
   *
   * @throws the driver's error, which `source-failure.ts` translates
   */
  open(asking: Asking): Promise<Session>;
}

/** One connection with one open transaction. Each statement has its own snapshot. */
export interface Session {
  readonly quoting: Quoting;
  /** Runs one statement with `values` for `$1`, `$2`, …, and returns its rows. */
  rows(sql: string, values: readonly string[]): Promise<Row[]>;
  /** Starts a `COPY … TO STDOUT`. Read its bytes to the end before the next statement. */
  copy(sql: string): Copy;
  close(): Promise<void>;
}

export interface Copy {
  /** Text format. A chunk may end at any byte. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** The number of rows that the server says it sent. Call it after `chunks` were read to the end. */
  rowCount(): Promise<number | undefined>;
}

/** What claims, proofs and descriptions need of a session. */
export type Queries = Pick<Session, 'rows' | 'quoting'>;

/** The driver's own quoting. No identifier or literal is put into SQL without it. */
export interface Quoting {
  identifier(name: string): string;
  literal(text: string): string;
}
