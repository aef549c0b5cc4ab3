import { whereConfigured } from '@bronze/common/config';
import { bronzeName, renaming } from '@bronze/common/config/columns';
import { nearest } from '@bronze/common/config/mistakes';
import type { TableEntity } from '@bronze/common/config/postgres';
import { reservedBecause } from '@bronze/common/words/entity';
import { BronzeError } from '@bronze/common/words/failure';

/**
 * Checks that each column has a name in Bronze that it can have, and has it alone.
 *
 * @param names the table's columns, as the table names them
 * @throws BronzeError COLUMN_MISSING, COLUMN_RESERVED, COLUMN_AMBIGUOUS, with the setting that renames the column
 */
export function checkNames(entity: TableEntity, names: readonly string[]): void {
  const missing = Object.keys(entity.columns).find((name) => !names.includes(name));
  if (missing !== undefined) throw missingColumn(entity, missing, names, 'columns');
  checkReserved(entity, names);
  checkTwins(entity, names);
}

function checkReserved(entity: TableEntity, names: readonly string[]): void {
  const reserved = names.flatMap((name) => {
    const because = reservedBecause(bronzeName(entity, name), entity);
    return because === undefined ? [] : [{ name, because }];
  });
  if (reserved.length === 0) return;
  const columns = reserved.map(({ name }) => name);
  throw new BronzeError('COLUMN_RESERVED', {
    message: `${entity.table} has ${reserved.map(({ name, because }) => `a column ${name}, ${because}`).join('; and ')}`,
    hint: `Rename ${columns.length === 1 ? 'it' : 'them'} on the way: ${renaming(entity, columns, names)}.`,
  });
}

/** DuckDB, Athena and Glue ignore the case of names. */
function checkTwins(entity: TableEntity, names: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    const inBronze = bronzeName(entity, name);
    const twin = seen.get(inBronze.toLowerCase());
    if (twin !== undefined) throw ambiguous(entity, [twin, name], names);
    seen.set(inBronze.toLowerCase(), name);
  }
}

function ambiguous(entity: TableEntity, twins: readonly [string, string], names: readonly string[]): BronzeError {
  const [first, second] = twins;
  // The one that is renamed already is the newer of the two in Bronze.
  const to_rename = bronzeName(entity, first) === first ? second : first;
  const shown = twins.map((name) => {
    const inBronze = bronzeName(entity, name);
    return inBronze === name ? name : `${name} (renamed to ${inBronze})`;
  });
  return new BronzeError('COLUMN_AMBIGUOUS', {
    message: `${entity.table} has columns ${shown.join(' and ')}: queries of the bronze tables can’t distinguish names that differ only in case, or not at all`,
    hint: `Rename one of them on the way: ${renaming(entity, [to_rename], names)}.`,
  });
}

/** @param role the setting that names the column: `cursor` */
export function missingColumn(entity: TableEntity, name: string, names: readonly string[], role: string): BronzeError {
  const near = nearest(name, names);
  return new BronzeError('COLUMN_MISSING', {
    message: `${entity.table} has no column ${name}, which ${entity.name} names ${role === 'columns' ? 'under columns' : `as its ${role}`}`,
    hint: `${near === undefined ? 'Was it renamed?' : `Did you mean ${near}?`} The table has: ${names.join(', ')}. Change ${role} of ${entity.name} in ${whereConfigured(entity)}.`,
  });
}
