import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parquetReadObjects, parquetSchema, parquetMetadata, type SchemaElement } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { bytesText, decimalText, floatText, timestampText } from './postgres-text.ts';

const folderOf = (out: string, entity: string) => join(out, 'data/bronze', entity);

/** The paths of an entity's Parquet parts in a run's folder, in order. */
export async function filesOf(out: string, entity: string): Promise<string[]> {
  const options = { recursive: true, withFileTypes: true } as const;
  const entries = await readdir(folderOf(out, entity), options).catch(() => []);
  const parts = entries.filter((entry) => entry.name.endsWith('.parquet'));
  return parts.map((entry) => join(entry.parentPath, entry.name)).toSorted();
}

/** Every Parquet part of an entity in a run's folder: its bytes by its path below `data/bronze/{entity}/`. */
export async function partsOf(out: string, entity: string): Promise<Map<string, Buffer>> {
  const parts = new Map<string, Buffer>();
  for (const file of await filesOf(out, entity)) {
    parts.set(file.slice(folderOf(out, entity).length + 1), await readFile(file));
  }
  return parts;
}

export type BronzeRow = Record<string, string | null>;

/** All rows of an entity, read by hyparquet, each value as the text that PostgreSQL prints for it. */
export async function rowsInBronze(out: string, entity: string): Promise<BronzeRow[]> {
  const rows: BronzeRow[] = [];
  for (const body of (await partsOf(out, entity)).values()) rows.push(...(await readPart(body)));
  return rows;
}

/** The rows of one Parquet file, as `rowsInBronze` gives them. */
export async function readPart(body: Uint8Array): Promise<BronzeRow[]> {
  const file = Uint8Array.from(body).buffer;
  const metadata = parquetMetadata(file);
  const types = new Map(parquetSchema(metadata).children.map(({ element }) => [element.name, { ...element }]));
  // By default hyparquet parses a decimal into a float, which has too few digits.
  for (const element of metadata.schema) if (element.converted_type === 'DECIMAL') delete element.converted_type;
  const rows = await parquetReadObjects({ file, metadata, compressors, parsers: EXACT, utf8: false });
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, value == null ? null : postgresText(value, types.get(name))]),
    ),
  );
}

/**
 * By default hyparquet parses a timestamp into a Date, which has no microseconds, and JSON into objects, and drops a byte
 * order mark at the start of a text.
 */
const EXACT = {
  timestampFromMicroseconds: (at: bigint) => at,
  dateFromDays: (days: number) => new Date(days * 86_400_000),
  jsonFromBytes: (bytes: Uint8Array) => Buffer.from(bytes).toString(),
  stringFromBytes: (bytes: Uint8Array) => Buffer.from(bytes).toString(),
};

function postgresText(value: unknown, type: SchemaElement | undefined): string {
  if (type?.converted_type === 'DECIMAL') return decimalText(unscaled(value), type.scale ?? 0);
  if (value instanceof Uint8Array) return bytesText(value);
  if (value instanceof Date) return value.toISOString().slice(0, 10);
  if (type?.logical_type?.type === 'TIMESTAMP')
    return timestampText(value as bigint, type.logical_type.isAdjustedToUTC);
  if (typeof value === 'boolean') return value ? 't' : 'f';
  return typeof value === 'number' ? floatText(value) : String(value);
}

/** The integer of a decimal: an int32, an int64, or bytes in two's complement, the highest first. */
function unscaled(value: unknown): bigint {
  if (!(value instanceof Uint8Array)) return BigInt(value as number | bigint);
  return BigInt.asIntN(value.length * 8, BigInt(`0x${Buffer.from(value).toString('hex')}`));
}
