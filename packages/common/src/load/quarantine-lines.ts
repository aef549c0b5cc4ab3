/** The lines of a quarantine object: why each record is not in bronze. */
import * as z from 'zod/mini';
import type { Quarantined } from './receipts.ts';

/**
 * One line: the reason, and the record as staged, byte for byte.
 *
 * @example {"reason":"due: \"infinity\" is not exactly a timestamptz","record":{"due":"infinity","id":"7"}}
 */
export function quarantineLine(reason: string, record: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`{"reason":${JSON.stringify(reason)}${RECORD}`), record, Buffer.from('}\n')]);
}

/** Not in a reason's JSON: quotes are escaped there, so none follows a comma. */
const RECORD = ',"record":';
const reasonSchema = z.object({ reason: z.string() });
const lineSchema = z.object({ reason: z.string(), record: z.record(z.string(), z.nullable(z.string())) });
export type QuarantinedRow = z.infer<typeof lineSchema>;

/** The first rows of a quarantine object, with their values. */
export function quarantinedRows(body: Uint8Array, rows_max: number): QuarantinedRow[] {
  return linesOf(body, rows_max).map((line) => z.parse(lineSchema, JSON.parse(line.toString())));
}

/** As many as a load record names. There are no more than columns of types that can be missed. */
const REASONS_MAX = 20;
const VALUE = /: (?:"(?:[^"\\]|\\.)*"|undefined) is not exactly a /g;

/**
 * Why the rows are in quarantine, most rows first and without their values: `due is not exactly a timestamptz`. A row of
 * several type mismatches counts for each of them.
 */
export function reasonsIn(body: Uint8Array): NonNullable<Quarantined['reasons']> {
  const rows = new Map<string, number>();
  for (const line of linesOf(body, Infinity)) {
    const { reason } = z.parse(reasonSchema, JSON.parse(`${line.subarray(0, line.indexOf(RECORD)).toString()}}`));
    for (const one of new Set(reason.replaceAll(VALUE, ' is not exactly a ').split('; '))) {
      rows.set(one, (rows.get(one) ?? 0) + 1);
    }
  }
  const reasons = [...rows].map(([reason, rows]) => ({ reason, rows }));
  return reasons.toSorted((a, b) => b.rows - a.rows || (a.reason < b.reason ? -1 : 1)).slice(0, REASONS_MAX);
}

function linesOf(body: Uint8Array, lines_max: number): Buffer[] {
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.length);
  const lines: Buffer[] = [];
  for (let start = 0; start < buffer.length && lines.length < lines_max;) {
    const end = buffer.indexOf(0x0a, start);
    lines.push(buffer.subarray(start, end === -1 ? buffer.length : end));
    start = end === -1 ? buffer.length : end + 1;
  }
  return lines;
}
