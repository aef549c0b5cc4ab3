import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BronzeError } from '@bronze/common/words/failure';
import type { RawBatch } from '@bronze/common/load/source';
import { CopyTranscoder, type TranscoderOptions } from './copy-transcoder.ts';

type Row = readonly (string | null)[];

/** A batch whose memory has been released and overwritten. */
type Taken = Omit<RawBatch, 'release'>;

/** PostgreSQL's side of the format, written from its documentation. It shares nothing with the transcoder. */
function copyText(rows: readonly Row[]): Buffer {
  const escapes: Record<string, string> = {
    '\\': '\\\\',
    '\b': '\\b',
    '\f': '\\f',
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '\v': '\\v',
  };
  const field = (text: string | null) =>
    text === null ? '\\N' : [...text].map((letter) => escapes[letter] ?? letter).join('');
  return Buffer.from(rows.map((row) => `${row.map(field).join('\t')}\n`).join(''));
}

const COLUMNS = ['a', 'naïve "quoted"\\', '__proto__'];

function transcode(chunks: readonly Buffer[], options: Partial<TranscoderOptions> = {}): Taken[] {
  const transcoder = new CopyTranscoder({
    entity: 'orders',
    columns: COLUMNS,
    position_fields: [0],
    order: 'key',
    batch_rows: 1000,
    batch_bytes: 1 << 20,
    ...options,
  });
  const taken = function* (batches: Iterable<RawBatch>) {
    for (const { release, ...batch } of batches) {
      const copy = { ...batch, ndjson: Buffer.from(batch.ndjson) };
      release();
      batch.ndjson.fill(0x58);
      yield copy;
    }
  };
  return [...chunks.flatMap((chunk) => [...taken(transcoder.push(chunk))]), ...taken(transcoder.finish())];
}

function rowsOf(batches: readonly Taken[]): Row[] {
  const lines = batches.flatMap(({ ndjson }) => Buffer.from(ndjson).toString().split('\n').slice(0, -1));
  return lines.map((line) => {
    const parsed = JSON.parse(line) as object;
    expect(Object.keys(parsed)).toEqual(COLUMNS);
    return COLUMNS.map((name) => Object.entries(parsed).find(([key]) => key === name)?.[1] as string | null);
  });
}

const value = fc.option(
  fc.string({
    unit: fc.constantFrom(
      'a',
      '"',
      '\\',
      '\n',
      '\t',
      '\r',
      '\v',
      '\b',
      '\f',
      '\u0001',
      '\u001f',
      'é',
      '🎁',
      'N',
      ' ',
      '\u007f',
    ),
  }),
);
const tableRows = fc.array(
  fc.tuple(
    fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !text.includes('\0')),
    value,
    value,
  ),
  { maxLength: 12 },
);

function chunksOf(bytes: Buffer, ends: readonly number[]): Buffer[] {
  const edges = [0, ...ends.map((end) => end % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
}

test('any rows, in any chunks, with any batch limits, keep their values and order, each once', () => {
  const limits = fc.record({
    batch_rows: fc.integer({ min: 1, max: 5 }),
    batch_bytes: fc.integer({ min: 1, max: 200 }),
  });
  fc.assert(
    fc.property(tableRows, fc.array(fc.nat()), limits, (rows, ends, options) => {
      const batches = transcode(chunksOf(copyText(rows), ends), options);
      expect(rowsOf(batches)).toEqual(rows);
      expect(batches.reduce((sum, batch) => sum + batch.rows, 0)).toBe(rows.length);
      for (const batch of batches) expect(batch.rows).toBeLessThanOrEqual(options.batch_rows);
    }),
    { numRuns: 2000 },
  );
});

test('a chunk may end at every byte', () => {
  const rows: Row[] = [
    ['1', 'a\\b"c\n\t', null],
    ['2', null, ''],
    ['3', '\\N', 'x'],
  ];
  const bytes = copyText(rows);
  const whole = transcode([bytes]);
  for (let end = 0; end <= bytes.length; end += 1) {
    expect(transcode([bytes.subarray(0, end), bytes.subarray(end)])).toEqual(whole);
  }
  expect(transcode(Array.from(bytes, (byte) => Buffer.of(byte)))).toEqual(whole);
});

test('the position of a batch is the key of its last row, also if it came in pieces or its buffer is reused', () => {
  const rows = Array.from({ length: 100 }, (_, index): Row => [`key\t${index}`, 'x', null]);
  for (const size of [1, 7, 64, 5000]) {
    const bytes = copyText(rows);
    const shared = Buffer.alloc(size);
    const transcoder = new CopyTranscoder({
      entity: 'orders',
      columns: COLUMNS,
      position_fields: [0],
      order: 'key',
      batch_rows: 7,
      batch_bytes: 1 << 20,
    });
    const positions: string[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      const length = bytes.copy(shared, 0, at, at + size);
      for (const batch of transcoder.push(shared.subarray(0, length))) positions.push(...batch.position.values);
      shared.fill(0x58);
    }
    for (const batch of transcoder.finish()) positions.push(...batch.position.values);
    expect(positions).toEqual([...Array.from({ length: 14 }, (_, batch) => `key\t${batch * 7 + 6}`), 'key\t99']);
  }
});

test('columns after the JSON ones are skipped, but may be the position', () => {
  const bytes = copyText([['1', 'x', 'y', '(0,1)', '77']]);
  const [batch] = transcode([bytes], { position_fields: [4, 3] });
  expect(batch?.position).toEqual({ order: 'key', values: ['77', '(0,1)'] });
  expect(Object.keys(JSON.parse(Buffer.from(batch?.ndjson ?? []).toString()) as object)).toEqual(COLUMNS);
});

test('row_bytes_max is the longest line with its newline', () => {
  const [batch] = transcode([
    copyText([
      ['1', 'short', null],
      ['2', '"'.repeat(50), null],
    ]),
  ]);
  const lines = Buffer.from(batch?.ndjson ?? [])
    .toString()
    .split('\n');
  expect(batch?.row_bytes_max).toBe(Math.max(...lines.map((line) => Buffer.byteLength(line) + 1)));
});

test('a stream that ends inside a row is refused', () => {
  const bytes = copyText([
    ['1', 'x', 'y'],
    ['2', 'x', 'y'],
  ]);
  expect(() => transcode([bytes.subarray(0, -1)])).toThrow(/ended inside row 2/);
});

test('a row that is too large is refused before all of it is in memory', () => {
  const chunk = Buffer.alloc(1000, 0x61);
  const transcoder = new CopyTranscoder({
    entity: 'orders',
    columns: COLUMNS,
    position_fields: [0],
    order: 'key',
    batch_rows: 7,
    batch_bytes: 1 << 20,
    row_bytes_max: 2500,
  });
  const feed = () => Array.from({ length: 10 }, () => [...transcoder.push(chunk)]);
  expect(feed).toThrow(expect.objectContaining({ code: 'ROW_TOO_LARGE' }) as BronzeError);
});

test('a row with NULL in its key is refused, and never lost', () => {
  expect(() => transcode([copyText([[null, 'x', 'y']])])).toThrow(
    expect.objectContaining({ code: 'KEY_NOT_UNIQUE' }) as BronzeError,
  );
});
