import { fileNodesSchema } from '@bronze/common/words/exact-position';
import * as z from 'zod/mini';
import { BUILTIN_TYPE_SQL, builtinOrdering, type ColumnOrdering } from './ordering-sql.ts';
import type { CatalogTable } from './table.ts';

/** Of the system column `tableoid`, which every relation with rows has. */
const TABLEOID_ATTNUM = -6;

/** The relation `c`, and all that are partitions of it or inherit from it. */
const FAMILY = `WITH RECURSIVE family AS (
      SELECT c.oid UNION SELECT i.inhrelid FROM pg_inherits i JOIN family f ON f.oid = i.inhparent)`;

/**
 * Returns one row with one JSON text about the table `$1.$2`, or no row if there is no such table.
 * `has_column_privilege` is true for a grant on the whole table too; grants on each column do not cover `xmin`.
 * A part is attached if the row of pg_inherits is of another transaction than the part's own system columns, which
 * nothing updates: then it may have had rows before it belonged to the table.
 * A unique index counts as a key only if it compares as the column does: rows that only another collation or operator
 * class tells apart have one place in the table's order.
 * `rows_estimated` is what the planner would take: the density at the last ANALYZE or VACUUM times the pages of today.
 * It is null for what has no statistics, such as views.
 * Views, foreign tables and tables of other access methods have no `xmin`, and one such partition is enough to lose it.
 */
export const CATALOG_SQL = `
SELECT json_build_object(
  'kind', c.relkind,
  'oid', c.oid::text,
  'has_xids', CASE WHEN c.relkind IN ('r', 'p', 'm') THEN current_setting('server_version_num')::integer >= 130000
    AND has_column_privilege(c.oid, 'xmin', 'SELECT') AND NOT EXISTS (
      ${FAMILY}
      SELECT FROM family JOIN pg_class m USING (oid) LEFT JOIN pg_am a ON a.oid = m.relam
      WHERE m.relkind NOT IN ('r', 'p', 'm') OR m.relkind IN ('r', 'm') AND a.amname IS DISTINCT FROM 'heap') ELSE false END,
  'file_nodes', (
    ${FAMILY}
    SELECT coalesce(json_object_agg(oid, pg_relation_filenode(oid)::text) FILTER (WHERE pg_relation_filenode(oid) > 0), '{}')
    FROM family),
  'attached', (
    WITH RECURSIVE family AS (
      SELECT c.oid, false AS is_attached UNION ALL
      SELECT i.inhrelid, f.is_attached OR i.xmin::text <> a.xmin::text
      FROM pg_inherits i JOIN family f ON f.oid = i.inhparent
      JOIN pg_attribute a ON a.attrelid = i.inhrelid AND a.attnum = ${TABLEOID_ATTNUM})
    SELECT coalesce(json_agg(oid::text) FILTER (WHERE is_attached), '[]') FROM family),
  'is_empty', NOT EXISTS (
    ${FAMILY}
    SELECT FROM family WHERE pg_relation_size(oid) > 0),
  'rows_estimated', (
    ${FAMILY}
    SELECT CASE WHEN bool_and(rows >= 0) THEN round(sum(rows))::bigint END FROM family, LATERAL (
      SELECT CASE
        WHEN m.relkind = 'p' OR m.relkind IN ('r', 'm') AND s.pages = 0 THEN 0
        WHEN m.relkind IN ('r', 'm') AND m.reltuples >= 0 AND m.relpages > 0 THEN m.reltuples::float8 / m.relpages * s.pages
        ELSE -1 END AS rows
      FROM pg_class m, LATERAL (SELECT pg_relation_size(m.oid) / current_setting('block_size')::integer AS pages) s
      WHERE m.oid = family.oid) estimates),
  'has_children', c.relhassubclass AND c.relkind = 'r',
  'encoding', pg_encoding_to_char((SELECT encoding FROM pg_database WHERE datname = current_database())),
  'role', current_user,
  'is_schema_usable', has_schema_privilege(c.relnamespace, 'USAGE'),
  'zone', (SELECT reset_val FROM pg_settings WHERE name = 'TimeZone'),
  'columns', (
    SELECT coalesce(json_agg(json_build_object(
      'name', a.attname,
      'id', c.oid || '.' || a.attnum,
      'type', format_type(a.atttypid, a.atttypmod),
      'builtin_type', ${BUILTIN_TYPE_SQL},
      'not_null', a.attnotnull,
      'readable', has_column_privilege(c.oid, a.attnum, 'SELECT')) ORDER BY a.attnum), '[]')
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  'keys', (
    SELECT coalesce(json_agg(json_build_object(
      'is_primary', i.indisprimary,
      'columns', k.columns)), '[]')
    FROM pg_index i CROSS JOIN LATERAL (
      SELECT json_agg(a.attname ORDER BY k.ordinality) AS columns,
        bool_and(k.collation_oid = a.attcollation AND x.opcdefault) AS is_of_columns
      FROM unnest(i.indkey[0:i.indnkeyatts - 1], i.indcollation::oid[], i.indclass::oid[])
        WITH ORDINALITY AS k (attnum, collation_oid, opclass, ordinality)
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
      JOIN pg_opclass x ON x.oid = k.opclass) k
    WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND (i.indimmediate OR i.indisprimary)
      AND i.indpred IS NULL AND i.indexprs IS NULL AND k.is_of_columns)
)::text AS described
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`;

const describedSchema = z.object({
  kind: z.string(),
  oid: z.string(),
  file_nodes: fileNodesSchema,
  attached: z.array(z.string()),
  has_xids: z.boolean(),
  is_empty: z.boolean(),
  rows_estimated: z.nullable(z.number()),
  has_children: z.boolean(),
  encoding: z.string(),
  role: z.string(),
  is_schema_usable: z.boolean(),
  zone: z.string(),
  columns: z.array(
    z.object({
      name: z.string(),
      id: z.string(),
      type: z.string(),
      builtin_type: z.nullable(z.string()),
      not_null: z.boolean(),
      readable: z.boolean(),
    }),
  ),
  keys: z.array(z.object({ is_primary: z.boolean(), columns: z.array(z.string()) })),
});
export type Described = z.infer<typeof describedSchema>;

/** Decodes the JSON text of {@link CATALOG_SQL}. @throws ZodError if it has another shape */
export function decodeCatalog(described: string): Described {
  return z.parse(describedSchema, JSON.parse(described));
}

/** @param orderings of the columns that are not of a built-in type */
export function tableOf({ keys, columns, ...table }: Described, orderings: Orderings): CatalogTable {
  const primary = keys.find((key) => key.is_primary);
  return {
    ...table,
    columns: columns.map(({ builtin_type, ...column }) => {
      const ordering = builtin_type === null ? orderings.get(column.name) : builtinOrdering(builtin_type);
      if (!ordering) throw new RangeError(`the ordering of the column ${column.name} is not known`);
      return { ...column, ordering };
    }),
    primary_key: primary?.columns ?? [],
    unique_keys: keys.map((key) => key.columns),
  };
}

type Orderings = ReadonlyMap<string, ColumnOrdering>;

/**
 * The high watermark for rows without transaction ids: a time below which no row can appear any more. `$1`: the margin
 * in seconds. `$2`: the cursor's zone; empty if its type has one.
 *
 * If the role sees every session's `xact_start`, it is the start of the oldest open transaction of this database, or
 * this transaction's own start, which is taken before the others are read: a transaction that begins later writes a
 * later time. Otherwise, and on a standby, where the primary's transactions are invisible, it is now less the margin.
 * Prepared transactions show when they were prepared, not when they began, so the margin is subtracted from that too.
 *
 * A cursor without a zone goes back by an hour when its zone leaves daylight saving time. In the hours before, the
 * watermark stops where local time will fall back to (decision 10). Transitions are on quarters of an hour.
 */
export const TIME_WATERMARK_SQL = `
WITH sessions AS (
  SELECT min(xact_start) AS oldest, coalesce(bool_or(state IS NULL OR state = 'disabled'), false) AS is_hidden
  FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND backend_type NOT IN ('autovacuum worker', 'walsender')
), facts AS (
  SELECT make_interval(secs => $1) AS margin, oldest,
    pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AND NOT is_hidden AND NOT pg_is_in_recovery() AS sees_all,
    (SELECT min(prepared) FROM pg_prepared_xacts WHERE database = current_database()) AS prepared
  FROM sessions
), cut AS (
  SELECT
    CASE WHEN sees_all THEN 'oldest_transaction' ELSE 'margin' END AS basis,
    CASE WHEN sees_all THEN least(now(), oldest, prepared - margin)
      ELSE least(now(), prepared, pg_last_xact_replay_timestamp()) - margin END AS until
  FROM facts
), fall_back AS (
  SELECT greatest(interval '0', (until AT TIME ZONE $2) - min(later AT TIME ZONE $2)) AS hours
  FROM cut, generate_series(date_trunc('hour', until), until + interval '4 hours', interval '15 minutes') AS later
  WHERE $2 <> '' AND later > until
  GROUP BY until
)
SELECT basis, to_char(until - coalesce((SELECT hours FROM fall_back), interval '0'),
  'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS until
FROM cut`;

/** Whether a standby has replayed up to `$1`, so that it has all rows of a window ending there. True on a primary. */
export const REPLAYED_SQL = `
SELECT (NOT pg_is_in_recovery() OR coalesce(pg_last_xact_replay_timestamp() >= $1::timestamptz, false))::text AS replayed`;

/** Whether one of the relations with the oids `$1` has ever been written to, even if that was not committed. */
export const FILLED_SQL = `
SELECT (coalesce(sum(pg_relation_size(oid)), 0) > 0)::text AS is_filled FROM unnest($1::oid[]) oid`;
