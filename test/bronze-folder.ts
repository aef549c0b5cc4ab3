import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parquetReadObjects, parquetSchema, parquetMetadata } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';

/** Every Parquet part of an entity in a run's folder: its bytes by its path below `data/bronze/{entity}/`. */
export async function partsOf(out: string, entity: string): Promise<Map<string, Buffer>> {
  const root = join(out, 'data/bronze', entity);
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries
    .filter((entry) => entry.name.endsWith('.parquet'))
    .map((entry) => join(entry.parentPath, entry.name));
  const parts = new Map<string, Buffer>();
  for (const file of files.toSorted()) parts.set(file.slice(root.length + 1), await readFile(file));
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
  const types = new Map(
    parquetSchema(parquetMetadata(file)).children.map(({ element }) => [
      element.name,
      { ...element.logical_type, scale: element.converted_type === 'DECIMAL' ? (element.scale ?? 0) : undefined },
    ]),
  );
  const rows = await parquetReadObjects({ file, compressors, parsers: MICROSECONDS, utf8: false });
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, postgresText(value, types.get(name) ?? {})])),
  );
}

/** By default hyparquet parses a timestamp into a Date, which would truncate microseconds. */
const MICROSECONDS = {
  timestampFromMicroseconds: (at: bigint) => at,
};

function postgresText(
  value: unknown,
  type: { readonly isAdjustedToUTC?: boolean; readonly scale?: number | undefined },
): string | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  if (typeof value === 'boolean') return value ? 't' : 'f';
  if (value instanceof Date) return value.toISOString().slice(0, 10);
  if (typeof value === 'bigint' && type.isAdjustedToUTC !== undefined)
    return timestampText(value, type.isAdjustedToUTC);
  if (Object.is(value, -0)) return '-0';
  // hyparquet reads a decimal as a float. Rounding to its scale restores it, for the numbers of digits in these tests.
  if (typeof value === 'number' && type.scale !== undefined) return value.toFixed(type.scale);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function timestampText(micros: bigint, isUtc: boolean): string {
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const seconds = Number((micros - fraction) / 1_000_000n);
  const text = new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
  const digits = String(fraction).padStart(6, '0').replace(/0+$/, '');
  return `${text}${digits && `.${digits}`}${isUtc ? '+00' : ''}`;
}
