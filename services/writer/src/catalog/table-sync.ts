import { BronzeError } from '@bronze/common/words/failure';
import type { CatalogColumn, CatalogPartition } from './entity-table.ts';
import { DEFINITION, digestOf, marked, type TableDefinition } from './table-definition.ts';
import type { StoredPartition, StoredTable, TableStore } from './table-store.ts';

/** `lost`: somebody else changed the table meanwhile, and nothing was done. */
export type Ensured = 'same' | 'changed' | 'lost';

const ATTEMPTS = 5;

/** Tries again as long as `sync` loses to somebody else, which it says by undefined. @throws BronzeError CATALOG_BUSY */
export async function untilWon<T>(table: string, sync: () => Promise<T | undefined>): Promise<T> {
  for (let tried = 1; tried <= ATTEMPTS; tried += 1) {
    const done = await sync();
    if (done !== undefined) return done;
  }
  throw new BronzeError('CATALOG_BUSY', {
    message: `somebody else keeps changing the table ${table}`,
    hint: 'The next run of the catalog function tries again. If this persists: what else updates this table?',
  });
}

/**
 * Creates the table, or changes it to this definition.
 *
 * @param stored the table as it was read before
 * @throws BronzeError CATALOG_FOREIGN
 */
export async function ensureTable(
  tables: TableStore,
  table: TableDefinition,
  stored: StoredTable | undefined,
): Promise<Ensured> {
  if (!stored) return toEnsured(await tables.create(marked(table, {})));
  if (stored.parameters[DEFINITION] === undefined) throw foreign(table.name);
  if (stored.parameters[DEFINITION] === digestOf(table)) return 'same';
  // The catalog can't change the keys of partitions that there are.
  if (!isSame(stored.partition_keys, table.partition_keys)) {
    await tables.drop(table.name);
    return toEnsured(await tables.create(marked(table, {})));
  }
  return toEnsured(await tables.replace(marked(table, ownMarks(stored)), stored.version));
}

function toEnsured(isDone: boolean): Ensured {
  return isDone ? 'changed' : 'lost';
}

function foreign(table: string): BronzeError {
  return new BronzeError('CATALOG_FOREIGN', {
    message: `there is a table ${table} that Bronze did not make`,
    hint: 'It was left as it is. Drop or rename it, or give Bronze another database with CATALOG_DATABASE.',
  });
}

/** What earlier runs have noted on the table. */
function ownMarks({ parameters }: StoredTable): Record<string, string> {
  const marks = Object.entries(parameters).filter(([name]) => name.startsWith('bronze.') && name !== DEFINITION);
  return Object.fromEntries(marks);
}

/** Notes something on the table; false if its definition is no longer this one, or somebody else was faster. */
export async function markTable(
  tables: TableStore,
  table: TableDefinition,
  name: string,
  value: string,
): Promise<boolean> {
  const stored = await tables.read(table.name);
  if (stored?.parameters[DEFINITION] !== digestOf(table)) return false;
  if (stored.parameters[name] === value) return true;
  return tables.replace(marked(table, { ...ownMarks(stored), [name]: value }), stored.version);
}

/**
 * Adds the partitions that are missing, and gives those with other columns theirs. None is removed, because no load
 * record ever is.
 *
 * @param only the part of the table that `wanted` is about
 * @returns how many it added
 */
export async function syncPartitions(
  tables: TableStore,
  table: TableDefinition,
  wanted: readonly CatalogPartition[],
  only?: { readonly key: string; readonly value: string },
): Promise<number> {
  const stored = new Map((await tables.partitions(table.name, only)).map((one) => [nameOf(one), one]));
  const missing = wanted.filter((one) => !stored.has(nameOf(one)));
  const changed = wanted.filter((one) => isChanged(stored.get(nameOf(one)), one));
  await tables.addPartitions(table, missing);
  await tables.replacePartitions(table, changed);
  return missing.length;
}

function nameOf({ values }: Pick<CatalogPartition, 'values'>): string {
  return values.join('/');
}

function isChanged(stored: StoredPartition | undefined, wanted: CatalogPartition): boolean {
  return stored !== undefined && (stored.folder !== wanted.folder || !isSame(stored.columns, wanted.columns));
}

function isSame(some: readonly CatalogColumn[], others: readonly CatalogColumn[]): boolean {
  const text = (columns: readonly CatalogColumn[]) => JSON.stringify(columns.map(({ name, type }) => [name, type]));
  return text(some) === text(others);
}
