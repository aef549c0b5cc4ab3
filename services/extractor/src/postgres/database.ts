/** What reading PostgreSQL asks of the world. One adapter: `adapters/pg-database.ts`. */

/** A row as PostgreSQL prints it: every value is text, or null. */
export type Row = Readonly<Record<string, string | null>>;

/** One database of one server, as one role sees it. */
export interface Database {
  /**
   * Connects and begins a read-only `READ COMMITTED` transaction in which values print as canonical text.
   * @throws the driver's error, which `source-failure.ts` translates
   */
  open(): Promise<Session>;
}

/** One connection with one open transaction. Each statement sees a snapshot of its own. */
export interface Session {
  readonly quoting: Quoting;
  rows(sql: string, values: readonly string[]): Promise<Row[]>;
  /** Starts a `COPY … TO STDOUT`. Its bytes have to be read to the end before the next statement. */
  copy(sql: string): Copy;
  close(): Promise<void>;
}

export interface Copy {
  /** Text format. A chunk may end at any byte. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** How many rows the server says that it sent. Known once `chunks` are read. */
  rowCount(): Promise<number | undefined>;
}

/** What claims, proofs and descriptions ask of a session. */
export type Queries = Pick<Session, 'rows' | 'quoting'>;

/** The driver's own quoting: identifiers and literals are never pasted. */
export interface Quoting {
  identifier(name: string): string;
  literal(text: string): string;
}
