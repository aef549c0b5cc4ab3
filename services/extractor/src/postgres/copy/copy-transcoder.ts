import { BronzeError } from '@bronze/common/words/failure';
import type { RawBatch } from '@bronze/common/load/source';
import type { Position } from '@bronze/common/load/position';
import { encodeRow, fieldPrefixes, fieldTexts, lineBytesMax } from './copy-row.ts';

const NEWLINE = 0x0a;

/** Bytes of a fresh buffer, at least. */
const ROOM_MIN = 65_536;

/** Longer rows are refused, because readers hold a whole line in memory. PostgreSQL's own limit is 1 GiB. */
export const ROW_BYTES_MAX = 128 * 1024 * 1024;

export interface TranscoderOptions {
  /** Its name, for failures. */
  readonly entity: string;
  /** Names of the COPY's first columns, which become JSON, sorted by their UTF-8 bytes. More columns may follow. */
  readonly columns: readonly string[];
  /** Indexes of the COPY's columns that make the position, in keyset order. */
  readonly position_fields: readonly number[];
  /** Names those columns: see `CopyPlan`. */
  readonly order: string;
  readonly batch_rows: number;
  readonly batch_bytes: number;
  /** Default {@link ROW_BYTES_MAX}. */
  readonly row_bytes_max?: number;
}

/**
 * Turns the bytes of `COPY … TO STDOUT` (text format) into NDJSON batches: every value is a JSON string with
 * PostgreSQL's own text, or null (decision 8). It never builds row objects.
 *
 * Invariant: it only reads whole lines, so a chunk may end at any byte. COPY escapes newlines within values.
 */
export class CopyTranscoder {
  readonly #options: TranscoderOptions;
  readonly #prefixes: readonly Uint8Array[];
  /** The beginning of a line whose newline has not come yet. */
  #unfinished: Uint8Array[] = [];
  #unfinishedBytes = 0;
  /** The batch being filled. */
  #out: Uint8Array = new Uint8Array(0);
  /** The buffers of released batches. Fresh memory for each batch would cost page faults and garbage collection. */
  readonly #spare: Uint8Array[] = [];
  #length = 0;
  #rows = 0;
  #lineBytesMax = 0;
  #lastRow: Uint8Array = new Uint8Array(0);
  /** The number of rows so far, to be compared with the server's own count. */
  rows_total = 0;

  constructor(options: TranscoderOptions) {
    this.#options = options;
    this.#prefixes = fieldPrefixes(options.columns);
  }

  /** The batches that `chunk` completes. @throws BronzeError ROW_TOO_LARGE, KEY_NOT_UNIQUE */
  *push(chunk: Uint8Array): Generator<RawBatch> {
    const rest = chunk.lastIndexOf(NEWLINE) + 1;
    let from = 0;
    if (rest > 0 && this.#unfinishedBytes > 0) {
      from = chunk.indexOf(NEWLINE) + 1;
      this.#keep(chunk.subarray(0, from));
      const line = Buffer.concat(this.#unfinished);
      this.#unfinished = [];
      this.#unfinishedBytes = 0;
      yield* this.#rowsOf(line, 0, line.length);
    }
    yield* this.#rowsOf(chunk, from, rest);
    this.#keep(chunk.subarray(rest));
  }

  /** The last, partly filled batch. @throws BronzeError ROW_COUNT_MISMATCH if the stream ended inside a row */
  *finish(): Generator<RawBatch> {
    if (this.#unfinishedBytes > 0) {
      throw new BronzeError('ROW_COUNT_MISMATCH', {
        message: `the stream of ${this.#options.entity} ended inside row ${this.rows_total + 1}`,
        hint: 'Bronze retries it from the last whole batch.',
      });
    }
    if (this.#rows > 0) yield this.#takeBatch();
  }

  *#rowsOf(bytes: Uint8Array, start: number, end: number): Generator<RawBatch> {
    const { batch_rows, batch_bytes } = this.#options;
    let from = start;
    let last = start;
    while (from < end) {
      const to = bytes.indexOf(NEWLINE, from);
      this.#encode(bytes, from, to);
      last = from;
      from = to + 1;
      if (this.#rows < batch_rows && this.#length < batch_bytes) continue;
      this.#lastRow = copyOf(bytes.subarray(last, to));
      yield this.#takeBatch();
    }
    if (this.#rows > 0 && end > start) this.#lastRow = copyOf(bytes.subarray(last, end - 1));
  }

  #encode(bytes: Uint8Array, from: number, to: number): void {
    this.#assertSize(to - from);
    const room = this.#length + lineBytesMax(to - from, this.#prefixes);
    if (room > this.#out.length) this.#grow(room);
    const end = encodeRow({ bytes, from, to }, this.#prefixes, this.#out, this.#length);
    this.#lineBytesMax = Math.max(this.#lineBytesMax, end - this.#length);
    this.#length = end;
    this.#rows += 1;
    this.rows_total += 1;
  }

  #grow(room: number): void {
    const spare = this.#spare.findIndex((buffer) => buffer.length >= room);
    // Not cleared, because every byte is written before it is read.
    const larger =
      this.#spare.splice(spare, spare === -1 ? 0 : 1)[0] ??
      Buffer.allocUnsafeSlow(Math.max(room, this.#out.length * 2, ROOM_MIN));
    larger.set(this.#out.subarray(0, this.#length));
    this.#out = larger;
  }

  #takeBatch(): RawBatch {
    const out = this.#out;
    const batch: RawBatch = {
      ndjson: out.subarray(0, this.#length),
      rows: this.#rows,
      row_bytes_max: this.#lineBytesMax,
      position: this.#position(),
      release: () => this.#spare.push(out),
    };
    this.#out = new Uint8Array(0);
    this.#length = 0;
    this.#rows = 0;
    this.#lineBytesMax = 0;
    return batch;
  }

  #position(): Position {
    const texts = fieldTexts(this.#lastRow, this.#options.position_fields);
    const values = texts.map((text) => {
      if (text !== null) return text;
      throw new BronzeError('KEY_NOT_UNIQUE', {
        message: `a row of ${this.#options.entity} has NULL in its key`,
        hint: 'Name key columns that are never NULL as primary_key of the entity.',
      });
    });
    return { order: this.#options.order, values };
  }

  #keep(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#unfinished.push(copyOf(piece));
    this.#unfinishedBytes += piece.length;
    this.#assertSize(this.#unfinishedBytes);
  }

  #assertSize(row_bytes: number): void {
    const row_bytes_max = this.#options.row_bytes_max ?? ROW_BYTES_MAX;
    if (row_bytes <= row_bytes_max) return;
    throw new BronzeError('ROW_TOO_LARGE', {
      message: `row ${this.rows_total + 1} of this read of ${this.#options.entity} has more than ${row_bytes_max} bytes`,
      hint: 'Bronze holds a whole row in memory, and truncates none. Keep such values outside the table, or leave the entity out.',
    });
  }
}

/** Copies what outlives a chunk, whose buffer may be reused. `slice` would not copy: a Buffer's is a view. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return Buffer.from(bytes);
}
