import type { Version } from './sim-source.ts';

/** One version of a row, as its transaction wrote it. */
export interface Row extends Version {
  readonly id: number;
  readonly written: Writing;
  /** Every column, and `xmin`, as text: what the shipping statements read. */
  readonly columns: Readonly<Record<string, string | null>>;
}

/** The transaction that wrote a row. */
export interface Writing {
  readonly database: string;
  readonly xid: bigint;
}

/** Ends the name of a database of which an older copy answers: its ids are not those that a window means. */
export const RESTORED = ', restored';

const LOW_BITS = 2n ** 32n;

/** A row's columns with the `xmin` of this transaction: its low 32 bits. */
export function withXmin(columns: Row['columns'], xid: bigint): Row['columns'] {
  return { ...columns, xmin: `${xid % LOW_BITS}` };
}

/** The committed rows of a table, and those that they have replaced. */
export class SimRows {
  readonly #rows = new Map<number, Row>();
  readonly #past: Row[] = [];

  get current(): Iterable<Row> {
    return this.#rows.values();
  }

  get ids(): number[] {
    return [...this.#rows.keys()];
  }

  get size(): number {
    return this.#rows.size;
  }

  get(id: number): Row | undefined {
    return this.#rows.get(id);
  }

  /** Every row version that was ever committed. */
  get versions(): readonly Row[] {
    return [...this.#past, ...this.#rows.values()];
  }

  /** @param write null deletes the row */
  replace(id: number, write: Row | null, at_us: number): void {
    const before = this.#rows.get(id);
    if (before) this.#past.push({ ...before, to_us: at_us });
    if (write) this.#rows.set(id, { ...write, from_us: at_us });
    else this.#rows.delete(id);
  }

  /** Gives each row another transaction id, and changes nothing else. */
  rewrite(written: Writing, at_us: number): void {
    for (const [id, row] of this.#rows) {
      const before = { until_us: at_us, written: row.written };
      const was_written = [...(row.was_written ?? []), before];
      this.#rows.set(id, { ...row, written, was_written, columns: withXmin(row.columns, written.xid) });
    }
  }
}
