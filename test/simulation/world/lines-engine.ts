import { NULL_EVENT_DATE } from '@bronze/common/load/object-keys';
import type { Conversion, Converted, ParquetEngine, Provenance } from '@bronze/writer/parquet/parquet-engine';

export interface PartHeader {
  readonly provenance: Provenance;
  readonly ingested_at: string;
  readonly event_date: string | null;
}

/** A line with this text goes to quarantine. */
export const TYPE_MISMATCH = '"fits":"no"';

/**
 * Row-exact stand-in for Parquet: a part is a header line and the staged lines themselves. Like the real engines it
 * writes one part per event date and sends type mismatches to quarantine.
 */
export class LinesEngine implements ParquetEngine {
  readonly name = 'lines';

  degraded(): [] {
    return [];
  }

  rowCountIfOurs(body: Uint8Array, provenance: Provenance): number | undefined {
    const text = Buffer.from(body).toString();
    if (!text.startsWith('{"provenance"')) return undefined;
    const { header, lines } = partLines(text);
    return JSON.stringify(header.provenance) === JSON.stringify(provenance) ? lines.length : undefined;
  }

  async *convert(conversion: Conversion): AsyncGenerator<Converted> {
    const lines = conversion.batches.flatMap(({ body }) => Buffer.from(body).toString().split('\n').slice(0, -1));
    const { provenance, ingested_at, event_date_column } = conversion;
    const fitting = Map.groupBy(
      lines.filter((line) => !line.includes(TYPE_MISMATCH)),
      (line) => eventDate(line, event_date_column),
    );
    for (const [event_date, rows] of fitting) {
      const header: PartHeader = { provenance, ingested_at, event_date };
      yield { kind: 'part', event_date, rows: rows.length, body: bodyOf([JSON.stringify(header), ...rows]) };
    }
    const mismatches = lines.filter((line) => line.includes(TYPE_MISMATCH));
    const quarantined = mismatches.map((record) => JSON.stringify({ reason: 'planted', record }));
    if (mismatches.length > 0) yield { kind: 'quarantine', rows: mismatches.length, body: bodyOf(quarantined) };
  }
}

export function partLines(text: string): { header: PartHeader; lines: string[] } {
  const [header = '', ...lines] = text.split('\n').slice(0, -1);
  return { header: JSON.parse(header) as PartHeader, lines };
}

export function quarantinedLines(text: string): string[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { record: string }).record);
}

function eventDate(line: string, column: string | null): string | null {
  if (column === null) return null;
  const row = JSON.parse(line) as Record<string, string | null | undefined>;
  return row[column]?.slice(0, 10) ?? NULL_EVENT_DATE;
}

function bodyOf(lines: readonly string[]): Buffer {
  return Buffer.from(lines.map((line) => `${line}\n`).join(''));
}
