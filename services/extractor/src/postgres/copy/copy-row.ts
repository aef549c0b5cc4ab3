/**
 * Turns one row of PostgreSQL's COPY text format, as bytes, into one JSON object.
 *
 * COPY: fields are separated by a tab, NULL is `\N`, and backslash, backspace, form feed, newline, carriage return,
 * tab and vertical tab are written `\\ \b \f \n \r \t \v`; every other byte is written as it is.
 * All of these but `\v` are JSON escapes too. JSON also escapes `"` and the other control characters.
 *
 * @example `7<tab>say \"hi\"<tab>\N` with columns id, note, gone → `{"id":"7","note":"say \"hi\"","gone":null}`
 */
const TAB = 0x09;
const NEWLINE = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const LETTER_N = 0x4e;
const LETTER_V = 0x76;
const CLOSE_AND_NEWLINE = [0x7d, 0x0a];
const HEX = Buffer.from('0123456789abcdef');
const NULL = Buffer.from('null');
/** A byte becomes at most six: `\u00XX`. */
const EXPANSION_MAX = 6;

/** What precedes each value: `{"id":` for the first column, `,"note":` for the others. */
export function fieldPrefixes(columns: readonly string[]): Uint8Array[] {
  return columns.map((name, index) => Buffer.from(`${index === 0 ? '{' : ','}${JSON.stringify(name)}:`));
}

/** The most bytes that a row of `rowBytes` becomes as a line of JSON, newline included. */
export function lineBytesMax(rowBytes: number, prefixes: readonly Uint8Array[]): number {
  const fixed = prefixes.reduce((bytes, prefix) => bytes + prefix.length + NULL.length, 3);
  return rowBytes * EXPANSION_MAX + fixed;
}

/**
 * Writes the row `bytes[from, to)`, whose newline is `bytes[to]`, as one JSON line at `out[at]`. Returns the offset
 * after it. Fields beyond the prefixes are skipped. The caller makes room for {@link lineBytesMax}.
 *
 * @throws RangeError if the row has fewer fields than there are prefixes
 */
export function encodeRow(
  row: { readonly bytes: Uint8Array; readonly from: number; readonly to: number },
  prefixes: readonly Uint8Array[],
  out: Uint8Array,
  at: number,
): number {
  const { bytes, to } = row;
  let i = row.from;
  let o = at;
  for (const prefix of prefixes) {
    if (i > to) throw new RangeError('the row has fewer fields than columns');
    for (let p = 0; p < prefix.length; p += 1) out[o + p] = prefix[p] as number;
    o += prefix.length;
    if (bytes[i] === BACKSLASH && bytes[i + 1] === LETTER_N) {
      out.set(NULL, o);
      o += NULL.length;
      i += 3;
      continue;
    }
    out[o++] = QUOTE;
    for (let byte = bytes[i++] as number; ; byte = bytes[i++] as number) {
      while (byte > QUOTE && byte !== BACKSLASH) {
        out[o++] = byte;
        byte = bytes[i++] as number;
      }
      if (byte === TAB || byte === NEWLINE) break;
      o = byte === BACKSLASH ? escapeOfCopy(bytes[i++] as number, out, o) : plainOrControl(byte, out, o);
    }
    out[o++] = QUOTE;
  }
  out.set(CLOSE_AND_NEWLINE, o);
  return o + CLOSE_AND_NEWLINE.length;
}

function escapeOfCopy(letter: number, out: Uint8Array, at: number): number {
  if (letter === LETTER_V) return control(0x0b, out, at);
  out[at] = BACKSLASH;
  out[at + 1] = letter;
  return at + 2;
}

function plainOrControl(byte: number, out: Uint8Array, at: number): number {
  if (byte < SPACE) return control(byte, out, at);
  if (byte !== QUOTE) {
    out[at] = byte;
    return at + 1;
  }
  out[at] = BACKSLASH;
  out[at + 1] = QUOTE;
  return at + 2;
}

function control(byte: number, out: Uint8Array, at: number): number {
  out[at] = BACKSLASH;
  out[at + 1] = 0x75;
  out[at + 2] = 0x30;
  out[at + 3] = 0x30;
  out[at + 4] = HEX[byte >> 4] as number;
  out[at + 5] = HEX[byte & 15] as number;
  return at + 6;
}

/**
 * The text of some fields of one row, by index; `null` for NULL. Slow: for the last row of a batch only.
 *
 * @throws RangeError if the row has no such field
 */
export function fieldTexts(row: Uint8Array, fields: readonly number[]): (string | null)[] {
  const texts = Buffer.from(row).toString().split('\t');
  return fields.map((field) => {
    const text = texts[field];
    if (text === undefined) throw new RangeError(`the row has no field ${field}`);
    return text === '\\N' ? null : text.replaceAll(/\\(.)/gs, (_, letter: string) => UNESCAPED[letter] ?? letter);
  });
}

const UNESCAPED: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
