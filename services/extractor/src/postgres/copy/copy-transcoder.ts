import { BronzeError } from '@bronze/common/words/failure';
import type { RawBatch } from '@bronze/common/load/source';
import type { Position } from '@bronze/common/load/position';
import { encodeRow, fieldPrefixes, fieldTexts, lineBytesMax } from './copy-row.ts';

const NEWLINE = 0x0a;

const ROOM_MIN = 65_536;

/** A longer row is refused: readers must hold a whole line in memory. PostgreSQL itself stops at 1 GiB. */
export const ROW_BYTES_MAX = 128 * 1024 * 1024;

export interface TranscoderOptions {
  /** Named in errors. */
  readonly entity: string;
  /** Names of the COPY's first columns, which become JSON; sorted by their UTF-8 bytes. More columns may follow. */
  readonly columns: readonly string[];
  /** Indexes of the COPY's columns that make the position, in keyset order, and what they are. */
  readonly position_fields: readonly number[];
  readonly order: string;
  readonly batch_rows: number;
  readonly batch_bytes: number;
  /** Default {@link ROW_BYTES_MAX}. */
  readonly row_bytes_max?: number;
}

/**
 * Turns the bytes of `COPY … TO STDOUT` (text format) into NDJSON batches: every value a JSON string holding
 * PostgreSQL's own text, or null. Row objects are never built.
 *
 * Invariant: only whole lines are looked at, so a chunk may end at any byte. COPY escapes newlines inside values.
 */
export class CopyTranscoder {
  readonly #options: TranscoderOptions;
  readonly #prefixes: readonly Uint8Array[];
  /** The beginning of a line whose newline has not come yet. */
  #unfinished: Uint8Array[] = [];
  #unfinishedBytes = 0;
  /** The batch being filled. */
  #out: Uint8Array = new Uint8Array(0);
  /** Buffers of batches that were released. Fresh memory for each batch costs page faults and garbage collection. */
  readonly #spare: Uint8Array[] = [];
  #length = 0;
  #rows = 0;
  #lineBytesMax = 0;
  #lastRow: Uint8Array = new Uint8Array(0);
  /** All rows so far, to be held against the server's own count. */
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

  /** The last, partly filled batch. @throws BronzeError ROW_COUNT_MISMATCH when the stream ended inside a row */
  *finish(): Generator<RawBatch> {
    if (this.#unfinishedBytes > 0) {
      throw new BronzeError('ROW_COUNT_MISMATCH', {
        message: `the stream of ${this.#options.entity} ended inside row ${this.rows_total + 1}`,
        hint: 'It is tried again from the last whole batch.',
      });
    }
    if (this.#rows > 0) yield this.#cut();
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
      yield this.#cut();
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
    // Every byte of it is written before it is read: no need to clear it.
    const larger =
      this.#spare.splice(spare, spare === -1 ? 0 : 1)[0] ??
      Buffer.allocUnsafeSlow(Math.max(room, this.#out.length * 2, ROOM_MIN));
    larger.set(this.#out.subarray(0, this.#length));
    this.#out = larger;
  }

  #cut(): RawBatch {
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
      hint: 'Bronze holds a row in memory and stops here rather than cutting it. Keep such values outside the table, or leave the entity out.',
    });
  }
}

/** What outlives a chunk is copied, since its buffer may be used again. `slice` would not: a Buffer's is a view. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return Buffer.from(bytes);
}
