import { type LoadRecord, readLoadRecord } from '@bronze/common/load/load-record';
import { loadIdOfRecord, loadRecordsPrefix } from '@bronze/common/load/object-keys';
import type { Part } from '@bronze/common/load/receipts';
import { schemaDigest } from '@bronze/common/load/schema-changes';
import type { ObjectReader } from '@bronze/common/ports/object-store';
import type { Column } from '@bronze/common/words/entity';

/** As many load records are read at once. */
const READ_AT_ONCE = 50;

/** The records of all decided loads of an entity, the last claimed first. */
export async function allLoads(objects: ObjectReader, entity: string): Promise<LoadRecord[]> {
  const keys = await objects.list(loadRecordsPrefix(entity));
  const ids = keys.map((key) => loadIdOfRecord(entity, key)).filter((load_id) => load_id !== undefined);
  return readRecords(
    objects,
    ids.map((load_id) => ({ entity, load_id })),
  );
}

/** The records of these loads, as far as they are decided, the last claimed first. */
export async function readRecords(
  objects: ObjectReader,
  loads: readonly { readonly entity: string; readonly load_id: string }[],
): Promise<LoadRecord[]> {
  const records: LoadRecord[] = [];
  for (let from = 0; from < loads.length; from += READ_AT_ONCE) {
    const some = loads.slice(from, from + READ_AT_ONCE).map(async (load) => readLoadRecord(objects, load));
    records.push(...(await Promise.all(some)).filter((record) => record !== undefined));
  }
  return records.toSorted((a, b) => (a.ingested_at < b.ingested_at ? 1 : -1));
}

export function isCompleted({ status }: LoadRecord): boolean {
  return status === 'completed';
}

/** Parts of consecutive loads with the same columns. */
export interface PartGroup {
  readonly columns: readonly Column[];
  /** The engine that wrote them. */
  readonly engine: string;
  readonly parts: Part[];
}

/** The parts of these loads by their columns, until they hold `rows_max` rows. */
export function partsByColumns(records: readonly LoadRecord[], rows_max = Infinity): PartGroup[] {
  const groups: PartGroup[] = [];
  let schema: string | undefined;
  let rows = 0;
  for (const record of records) {
    const engine = record.engines.at(-1)?.name ?? 'duckdb';
    const digest = `${engine} ${schemaDigest(record)}`;
    for (const part of record.parts) {
      if (rows >= rows_max) return groups;
      if (schema !== digest) groups.push({ columns: record.columns, engine, parts: [] });
      schema = digest;
      groups.at(-1)?.parts.push(part);
      rows += part.rows;
    }
  }
  return groups;
}
