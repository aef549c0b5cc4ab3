import type { Position } from '@bronze/common/load/position';
import type { CatalogColumn } from '../table/table.ts';
import type { QualifiedName } from '../table/ordering-sql.ts';
import type { Quoting } from '../database.ts';

/** A column of the order in which rows are read. */
export type KeysetColumn = Pick<CatalogColumn, 'name' | 'type' | 'ordering'>;

/** Names an order, so that a position of another one is noticed: `public.orders (updated_at date, id bigint)`. */
export function orderOf(table: string, keyset: readonly KeysetColumn[]): string {
  if (keyset.length === 0) return '';
  return `${table} (${keyset.map((column) => `${column.name} ${column.type}${collationOf(column)}`).join(', ')})`;
}

function collationOf({ ordering: { collation } }: KeysetColumn): string {
  return collation ? ` COLLATE ${collation.join('.')}` : '';
}

/**
 * The expressions of `ORDER BY`, without casts, which would hide an index. A bare name means what is selected under it:
 * of `money` the numeric form, which no index has.
 */
export function orderBy(keyset: readonly KeysetColumn[], table: string, quoting: Quoting): string {
  const names = keyset.map(({ name, ordering }) => {
    const column = quoting.identifier(name);
    return ordering.staged_type ? `${table}.${column}` : column;
  });
  return names.join(', ');
}

/**
 * An SQL condition that is true for the rows after `position`, whose values are as staged.
 *
 * One comparison of rows, for which PostgreSQL searches an index on the columns, if all of them have an operator of one
 * name; and otherwise the same, spelled out.
 */
export function after(keyset: readonly KeysetColumn[], position: Position, quoting: Quoting): string {
  const terms = keyset.map((column, index): Term => {
    const { ordering } = column;
    const [left, right] = [operand(column, quoting), literal(column, position.values[index] ?? '', quoting)];
    const compared = (operator: QualifiedName) => `${left} ${operatorSql(operator, quoting)} ${right}`;
    return {
      left,
      right,
      operator: operatorSql(ordering.greater, quoting),
      is_equal: compared(ordering.equal),
      is_from: compared(ordering.greater_or_equal),
      is_after: compared(ordering.greater),
    };
  });
  const [operator = '', ...others] = new Set(terms.map((term) => term.operator));
  if (others.length > 0) return spelledOut(terms);
  const side = (which: 'left' | 'right') => terms.map((term) => term[which]).join(', ');
  return `(${side('left')}) ${operator} (${side('right')})`;
}

interface Term {
  readonly left: string;
  readonly right: string;
  readonly operator: string;
  readonly is_equal: string;
  readonly is_from: string;
  readonly is_after: string;
}

/** `a >= 1 AND (a > 1 OR (a = 1 AND b > 2))`: by the first condition an index is searched. */
function spelledOut([first, ...rest]: readonly Term[]): string {
  if (!first) return 'false';
  if (rest.length === 0) return first.is_after;
  return `(${first.is_from} AND (${first.is_after} OR (${first.is_equal} AND ${spelledOut(rest)})))`;
}

/** Operators are not found for a domain over an enum or a composite. */
function operand({ name, ordering }: KeysetColumn, quoting: Quoting): string {
  const column = quoting.identifier(name);
  const isCast = ordering.is_domain || ordering.staged_type !== null;
  return isCast ? `${column}::${qualified(ordering.type, quoting)}` : column;
}

/** A literal of the column's own type, so that no other is guessed for it. */
function literal({ ordering }: KeysetColumn, text: string, quoting: Quoting): string {
  const value = quoting.literal(text);
  if (!ordering.is_nameable) return value;
  const { staged_type, type, collation } = ordering;
  const types = staged_type ? [staged_type, type] : [type];
  const typed = [value, ...types.map((one) => qualified(one, quoting))].join('::');
  return collation ? `${typed} COLLATE ${qualified(collation, quoting)}` : typed;
}

export function qualified(name: QualifiedName, quoting: Quoting): string {
  return name.map((part) => quoting.identifier(part)).join('.');
}

/** An operator's own name consists of signs, and can't be quoted. */
function operatorSql([schema, operator]: QualifiedName, quoting: Quoting): string {
  return `OPERATOR(${quoting.identifier(schema)}.${operator})`;
}
