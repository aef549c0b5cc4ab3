import type { TableEntity } from '@bronze/common/config/postgres';
import { BronzeError } from '@bronze/common/words/failure';
import type { CatalogTable } from './table.ts';

/**
 * Checks that the role may use the table's schema and read each of its columns.
 *
 * @throws BronzeError SOURCE_DENIED in PostgreSQL's own words, with the statement that grants what is missing
 */
export function checkGranted(entity: TableEntity, { columns, is_schema_usable, role }: CatalogTable): void {
  const [schema = '', name = ''] = entity.table.split('.').map(sqlName);
  const denied = columns.filter((column) => !column.readable).map((column) => column.name);
  const select = `GRANT SELECT ON ${schema}.${name} TO ${sqlName(role)}`;
  if (!is_schema_usable) {
    const both = denied.length > 0 ? `; ${select}` : '';
    refuse(
      `permission denied for schema ${schema}, which has ${entity.table}`,
      `Grant it: GRANT USAGE ON SCHEMA ${schema} TO ${sqlName(role)}${both}.`,
    );
  }
  if (denied.length === columns.length) refuse(`permission denied for table ${entity.table}`, `Grant it: ${select}.`);
  if (denied.length > 0) {
    refuse(
      `permission denied for ${entity.table}: ${denied.join(', ')}`,
      `Grant it: ${select}. Or set table of ${entity.name} to a view without ${denied.length === 1 ? 'it' : 'them'}.`,
    );
  }
}

/** A name as one writes it in SQL. */
function sqlName(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

function refuse(message: string, hint: string): never {
  throw new BronzeError('SOURCE_DENIED', { message, hint });
}
