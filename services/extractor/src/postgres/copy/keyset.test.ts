import { expect, test } from 'vitest';
import { QUOTING } from '../../adapters/pg-database.ts';
import { builtinOrdering, type ColumnOrdering } from '../table/ordering-sql.ts';
import { after, type KeysetColumn, orderBy, orderOf } from './keyset.ts';

function column(name: string, type: string, ordering: Partial<ColumnOrdering> = {}): KeysetColumn {
  return { name, type, ordering: { ...builtinOrdering(type), ...ordering } };
}

const ID = column('id', 'int8');
const PRICE = column('price', 'money', { staged_type: ['pg_catalog', 'numeric'] });
const CODE = column('code', 'text', { collation: ['ext', 'sv'] });
const EMAIL = column('e"mail', 'ext.email', {
  type: ['ext', 'citext'],
  is_domain: true,
  equal: ['ext', '='],
  greater_or_equal: ['ext', '>='],
  greater: ['ext', '>'],
});
const MOOD = column('mood', 'hidden.mood', { type: ['hidden', 'mood'], is_nameable: false, takes_untyped: true });

const afterValues = (keyset: readonly KeysetColumn[], ...values: string[]) =>
  after(keyset, { order: '', values }, QUOTING);

test('columns with one operator are compared as rows, with literals of their own types', () => {
  expect(afterValues([ID, PRICE, CODE, MOOD], '7', '1.50', "it's", 'so')).toBe(
    `("id", "price"::"pg_catalog"."money", "code", "mood") OPERATOR("pg_catalog".>) ` +
      `('7'::"pg_catalog"."int8", '1.50'::"pg_catalog"."numeric"::"pg_catalog"."money", 'it''s'::"pg_catalog"."text" COLLATE "ext"."sv", 'so')`,
  );
});

test('columns with operators of several schemas are compared one after the other', () => {
  const [id, mail] = [
    `"id" OPERATOR("pg_catalog".%) '7'::"pg_catalog"."int8"`,
    `"e""mail"::"ext"."citext" OPERATOR("ext".%) 'a'::"ext"."citext"`,
  ];
  const [is_id, is_mail] = [id, mail].map((one) => (sign: string) => one.replace('%', sign));
  expect(afterValues([ID, EMAIL], '7', 'a')).toBe(
    `(${is_id?.('>=')} AND (${is_id?.('>')} OR (${is_id?.('=')} AND ${is_mail?.('>')})))`,
  );
  expect(afterValues([EMAIL], 'a')).toBe(`("e""mail"::"ext"."citext") OPERATOR("ext".>) ('a'::"ext"."citext")`);
  expect(afterValues([ID, EMAIL, ID], '7', 'a', '7')).toBe(
    `(${is_id?.('>=')} AND (${is_id?.('>')} OR (${is_id?.('=')} AND (${is_mail?.('>=')} AND (${is_mail?.('>')} OR (${is_mail?.('=')} AND ${is_id?.('>')}))))))`,
  );
});

test('the order has no casts, and names the column of the table where another is selected under its name', () => {
  expect(orderBy([ID, EMAIL, PRICE], '"public"."t"', QUOTING)).toBe(`"id", "e""mail", "public"."t"."price"`);
});

test('an order is named by table, columns, types and collations', () => {
  expect(orderOf('public.t', [ID, CODE])).toBe('public.t (id int8, code text COLLATE ext.sv)');
  expect(orderOf('public.t', [])).toBe('');
});
