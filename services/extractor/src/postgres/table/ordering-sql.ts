import * as z from 'zod/mini';

/** A schema and a name in it. */
export type QualifiedName = readonly [schema: string, name: string];

/** How PostgreSQL orders the values of a column, whatever the `search_path` is. */
export interface ColumnOrdering {
  /** The column's type, or the one below its domains: its operators are those of the type's default B-tree class. */
  readonly type: QualifiedName;
  readonly is_domain: boolean;
  /** The type as which the values are staged, if not their own: the numeric form of `money`, which prints by locale. */
  readonly staged_type: QualifiedName | null;
  /** The column's collation, if it is not the database's own. */
  readonly collation: QualifiedName | null;
  readonly equal: QualifiedName;
  readonly greater_or_equal: QualifiedName;
  readonly greater: QualifiedName;
  /** Whether the role may name the type, its operators and its collation: USAGE on their schemas. */
  readonly is_nameable: boolean;
  /** Whether PostgreSQL gives a literal without a type the column's own. */
  readonly takes_untyped: boolean;
}

/** The oid of the collation `default`, the database's own. */
const DEFAULT_COLLATION = 100;

const inCatalog = (name: string): QualifiedName => ['pg_catalog', name];

/** The ordering of a type of `pg_catalog` itself, in its own collation. */
export function builtinOrdering(type: string): ColumnOrdering {
  return {
    type: inCatalog(type),
    is_domain: false,
    staged_type: null,
    collation: null,
    ...decodeOperators({}),
    is_nameable: true,
    takes_untyped: false,
  };
}

/**
 * SQL for the name of a column's type, if {@link builtinOrdering} tells everything of it; of `a`, a row of pg_attribute,
 * and `t`, its type. Most tables have no other columns, and need no {@link ORDERINGS_SQL}.
 */
export const BUILTIN_TYPE_SQL = `CASE WHEN t.typnamespace = 'pg_catalog'::regnamespace
  AND (a.attcollation = t.typcollation OR a.attcollation = ${DEFAULT_COLLATION}) AND t.typname NOT IN ('money', '_money') THEN t.typname END`;

/**
 * Returns one row with one JSON text: the list of the orderings of the columns of the table
 * `$1`, an oid.
 *
 * `parts` goes from a column's type to what it is made of, through domains and arrays; `base` is the first of them that
 * is no domain. Types without an operator class of their own (enums, arrays, ranges, composites, `varchar`) use one of
 * `pg_catalog`. The strategies of a B-tree are 3 equal, 4 greater or equal, 5 greater.
 */
export const ORDERINGS_SQL = `
SELECT json_agg(json_build_object(
  'name', a.attname,
  'type', json_build_array(base.nspname, base.typname),
  'is_domain', base.oid <> a.atttypid,
  'staged_type', base.staged_type,
  'collation', CASE WHEN l.oid <> ${DEFAULT_COLLATION} THEN json_build_array(l.nspname, l.collname) END,
  'operators', coalesce(class.operators, '{}'),
  'is_nameable', has_schema_privilege(base.typnamespace, 'USAGE') AND coalesce(class.is_nameable, true)
    AND coalesce(has_schema_privilege(l.collnamespace, 'USAGE'), true),
  'takes_untyped', base.oid = a.atttypid AND (base.typtype IN ('e', 'r', 'm') OR base.is_array)
))::text AS orderings
FROM pg_attribute a
LEFT JOIN (SELECT l.oid, l.collname, l.collnamespace, n.nspname FROM pg_collation l JOIN pg_namespace n
  ON n.oid = l.collnamespace) l ON l.oid = a.attcollation
CROSS JOIN LATERAL (
  WITH RECURSIVE parts AS (
    SELECT t.*, false AS is_element FROM pg_type t WHERE t.oid = a.atttypid
    UNION ALL
    SELECT t.*, p.is_element OR p.typtype <> 'd' FROM parts p
    JOIN pg_type t ON t.oid = CASE p.typtype WHEN 'd' THEN p.typbasetype ELSE p.typelem END
    WHERE p.typtype = 'd' OR p.typlen = -1)
  SELECT p.oid, p.typname, p.typnamespace, p.typtype, n.nspname,
    EXISTS (SELECT FROM pg_type e WHERE e.oid = p.typelem AND e.typarray = p.oid) AS is_array,
    (SELECT json_build_array('pg_catalog', CASE WHEN m.is_element THEN '_numeric' ELSE 'numeric' END)
      FROM parts m WHERE m.oid = 'money'::regtype) AS staged_type
  FROM parts p JOIN pg_namespace n ON n.oid = p.typnamespace WHERE NOT p.is_element AND p.typtype <> 'd'
) AS base
LEFT JOIN LATERAL (
  SELECT json_object_agg(
      CASE s.amopstrategy WHEN 3 THEN 'equal' WHEN 4 THEN 'greater_or_equal' ELSE 'greater' END,
      json_build_array(n.nspname, o.oprname)) AS operators,
    bool_and(has_schema_privilege(n.oid, 'USAGE')) AS is_nameable
  FROM pg_opclass x JOIN pg_am m ON m.oid = x.opcmethod
  JOIN pg_amop s ON s.amopfamily = x.opcfamily AND s.amoplefttype = x.opcintype AND s.amoprighttype = x.opcintype
  JOIN pg_operator o ON o.oid = s.amopopr JOIN pg_namespace n ON n.oid = o.oprnamespace
  WHERE m.amname = 'btree' AND x.opcdefault AND x.opcintype = base.oid AND s.amopstrategy >= 3
) AS class ON true
WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped`;

const nameSchema = z.readonly(z.tuple([z.string(), z.string()]));
const operatorsSchema = z.object({
  equal: z._default(nameSchema, inCatalog('=')),
  greater_or_equal: z._default(nameSchema, inCatalog('>=')),
  greater: z._default(nameSchema, inCatalog('>')),
});
const decodeOperators = (operators: unknown) => z.parse(operatorsSchema, operators);

const orderingsSchema = z.array(
  z.object({
    name: z.string(),
    type: nameSchema,
    is_domain: z.boolean(),
    staged_type: z.nullable(nameSchema),
    collation: z.nullable(nameSchema),
    operators: operatorsSchema,
    is_nameable: z.boolean(),
    takes_untyped: z.boolean(),
  }),
);

/** Decodes the JSON text of {@link ORDERINGS_SQL}, by column. @throws ZodError if it has another shape */
export function decodeOrderings(orderings: string): ReadonlyMap<string, ColumnOrdering> {
  const decoded = z.parse(orderingsSchema, JSON.parse(orderings));
  return new Map(decoded.map(({ name, operators, ...ordering }) => [name, { ...ordering, ...operators }]));
}
