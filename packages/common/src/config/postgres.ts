import * as z from 'zod/mini';
import { commonFields, described, seconds } from './fields.ts';
import { referenceSchema } from './reference.ts';

const IDENTIFIER_BYTES_MAX = 63;
const textOrReference = z.union([referenceSchema, z.string().check(z.minLength(1))]);
const column = z.string().check(
  z.minLength(1),
  z.refine((name) => Buffer.byteLength(name) <= IDENTIFIER_BYTES_MAX, 'longer than a PostgreSQL identifier (63 bytes)'),
);

export const postgresSourceSchema = z.strictObject({
  type: described(z.literal('postgres'), '`postgres`'),
  url: described(z.optional(textOrReference), "connection URL, best as `env('DATABASE_URL')`"),
  secret: described(
    z.optional(textOrReference),
    "where the login is, best as `env('RDS_SECRET_ARN')`: a Secrets Manager ARN, `env:NAME` or `file:PATH`. JSON with host, port, database, username and password (reached by TLS, verified), or a URL. It counts where that variable is set, else `url`",
  ),
  margin_seconds: described(
    z._default(z.number().check(z.minimum(0)), 60),
    'how far behind the database’s clock a window ends for views and foreign tables, whose rows have no transaction id, when the role can’t see other users’ transactions',
  ),
  clock_margin_seconds: described(
    z._default(z.number().check(z.minimum(0)), 60),
    'how far behind the start of its transaction a cursor may lie: clocks of applications that differ from the database’s. It costs index reads, never duplicates',
  ),
  lookback_seconds: described(
    z._default(z.number().check(z.minimum(0)), 3600),
    'the longest transaction on a standby, where open ones can’t be seen; and how far before the checkpoint a load begins whose exact position does not count',
  ),
  statement_timeout_seconds: described(z._default(seconds, 900), 'the server cancels a statement that runs longer'),
  idle_timeout_seconds: described(
    z._default(seconds, 300),
    'the connection counts as lost when the server sends nothing for so long; sorting a large table counts too',
  ),
  reconnects: described(
    z._default(z.int().check(z.minimum(0)), 3),
    'how often a lost connection is opened again without progress before the slice fails',
  ),
});
export type PostgresSourceInput = z.input<typeof postgresSourceSchema>;
export type PostgresSourceConfig = z.output<typeof postgresSourceSchema>;

const { source, ...limits } = commonFields;

export const tableEntitySchema = z.strictObject({
  source,
  table: described(
    z.string().check(z.regex(/^[^.]+\.[^.]+$/u, 'expected schema.table, such as "public.orders"')),
    '`schema.table`, or a view',
  ),
  cursor: described(
    z._default(z.nullable(z.union([column, z.array(column).check(z.minLength(1))])), 'updated_at'),
    "timestamp column that grows with every change of a row, or several, of which the greatest counts: `['updated_at', 'deleted_at']`; `null`: always loaded in full",
  ),
  null_cursor: described(
    z._default(z.enum(['include', 'error']), 'include'),
    'rows without a cursor value: `include`: with full loads, and left out and counted in incremental ones; `error`: the load fails',
  ),
  cursor_time_zone: described(
    z.optional(z.string().check(z.regex(/^[A-Za-z0-9_+/-]{1,64}$/))),
    'zone of the values of a cursor column without one; default: the database’s `TimeZone`, in which `now()` is written there',
  ),
  primary_key: described(
    z.optional(z.array(column).check(z.minLength(1))),
    'columns that identify a row; default: from the catalog; needed for views. A table without a key is one slice',
  ),
  deleted_at: described(
    z._default(z.nullable(column), null),
    'column that is set when a row is deleted softly: bronze gets a boolean `_is_deleted`. Name it in `cursor` too, unless `updated_at` changes with it',
  ),
  event_date: described(
    z._default(z.nullable(column), null),
    'date or timestamp column whose date names the `event_date=` partition; `null`: no such level',
  ),
  ...limits,
});
export type TableEntityInput = z.input<typeof tableEntitySchema>;
/** A table of a PostgreSQL source, with the entity's name. */
export type TableEntity = z.output<typeof tableEntitySchema> & { readonly name: string };

/** The columns whose greatest value is the cursor; none: always loaded in full. */
export function cursorColumns({ cursor }: Pick<TableEntity, 'cursor'>): readonly string[] {
  return cursor === null ? [] : [cursor].flat();
}
