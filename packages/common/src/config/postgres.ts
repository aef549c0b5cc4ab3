import * as z from 'zod/mini';
import { checkNewNames, newName } from './columns.ts';
import { commonFields, described, type NamedEntity, positive, seconds, sourceFields } from './fields.ts';
import { referenceSchema } from './reference.ts';

const IDENTIFIER_BYTES_MAX = 63;
const textOrReference = z.union([referenceSchema, z.string().check(z.minLength(1))]);
const column = z.string().check(
  z.minLength(1),
  z.refine((name) => Buffer.byteLength(name) <= IDENTIFIER_BYTES_MAX, 'longer than a PostgreSQL identifier (63 bytes)'),
);

export const postgresSourceSchema = z.strictObject({
  type: described(z.literal('postgres'), '`postgres`'),
  url: described(
    z.optional(textOrReference),
    "connection URL, best given as `env('DATABASE_URL')`. Without `sslmode` it means TLS with verification, except to this machine",
  ),
  secret: described(
    z.optional(textOrReference),
    "where the login is stored, best given as `env('RDS_SECRET_ARN')`: a Secrets Manager ARN, `env:NAME` or `file:PATH`. The secret is a URL, or JSON with host, port, database, username and password (connected by TLS with verification). Where that variable is set, the secret is used instead of `url`. A secret without a host, as RDS manages one, needs `url` for host, port and database",
  ),
  login: described(
    z._default(z.enum(['password', 'iam']), 'password'),
    '`iam`: the password is a token of RDS’s IAM authentication, signed for each connection by the credentials of the process. `url` names host and user, and no password: `postgresql://bronze@host:5432/shop`',
  ),
  margin_seconds: described(
    z._default(z.number().check(z.minimum(0)), 60),
    'how far behind the database’s clock the window of a view or foreign table ends when the role can’t see other users’ transactions; their rows have no transaction id',
  ),
  clock_margin_seconds: described(
    z._default(z.number().check(z.minimum(0)), 60),
    'how far before the start of its transaction a row’s cursor may lie, because applications’ clocks differ from the database’s. More costs index reads, never duplicates',
  ),
  lookback_seconds: described(
    z._default(z.number().check(z.minimum(0)), 3600),
    'the longest transaction to allow for on a standby, where open ones can’t be seen; also how far before the checkpoint a load begins when its exact position does not count',
  ),
  statement_timeout_seconds: described(z._default(seconds, 900), 'the server cancels a statement that runs longer'),
  idle_timeout_seconds: described(
    z._default(seconds, 300),
    'the connection counts as lost when the server sends nothing for this long, even while it sorts a large table',
  ),
  max_connections: described(
    z._default(positive, 2),
    'the most connections to the database at a time, in one process. A role with `CONNECTION LIMIT 1` needs 1',
  ),
  reconnects: described(
    z._default(z.int().check(z.minimum(0)), 3),
    'how many times a lost connection is reopened without progress before the claim or slice fails',
  ),
  ...sourceFields,
});
export type PostgresSourceInput = z.input<typeof postgresSourceSchema>;
export type PostgresSourceConfig = z.output<typeof postgresSourceSchema>;

/** The keys under the name of a column. */
export const tableColumnSchema = z.strictObject(
  { as: described(newName, 'the column’s name in Bronze') },
  { error: "expected the name that it has in Bronze: { as: 'new_name' }" },
);

const { source, ...limits } = commonFields;

const tableSchema = z.strictObject({
  source,
  table: described(
    z.string().check(z.regex(/^[^.]+\.[^.]+$/u, 'expected schema.table, such as "public.orders"')),
    '`schema.table` of a table or a view',
  ),
  cursor: described(
    z._default(z.nullable(z.union([column, z.array(column).check(z.minLength(1))])), 'updated_at'),
    "timestamp column that grows with every change of a row, or several of which the greatest counts: `['updated_at', 'deleted_at']`; `null`: the table is always loaded in full",
  ),
  null_cursor: described(
    z._default(z.enum(['include', 'error']), 'include'),
    'what happens to rows without a cursor value: with `include`, full loads take them and incremental ones skip and count them; with `error`, the load fails',
  ),
  cursor_time_zone: described(
    z.optional(z.string().check(z.regex(/^[A-Za-z0-9_+/-]{1,64}$/))),
    'time zone of the values in a cursor column that has none; default: the database’s `TimeZone`, in which it stores `now()`',
  ),
  primary_key: described(
    z.optional(z.array(column).check(z.minLength(1))),
    'columns that identify a row; default: from the catalog; needed for views. A table without a key is read as one slice',
  ),
  deleted_at: described(
    z._default(z.nullable(column), null),
    'column that is set when a row is soft-deleted: bronze gets a boolean `_is_deleted`. Name it in `cursor` too, unless `updated_at` changes with it',
  ),
  event_date: described(
    z._default(z.nullable(column), null),
    'date or timestamp column whose date names the `event_date=` partition; `null`: files are not partitioned by event date',
  ),
  columns: described(
    z._default(z.record(column, tableColumnSchema), {}),
    "columns that are renamed on the way: `{ event_date: { as: 'event_at' } }`. Other settings keep naming them as the table does",
  ),
  ...limits,
});
export const tableEntitySchema = tableSchema.check(checkNewNames);
export type TableEntityInput = z.input<typeof tableEntitySchema>;
/** A table of a PostgreSQL source, with the entity's name. */
export type TableEntity = z.output<typeof tableEntitySchema> & NamedEntity;

/** The columns whose greatest value is the cursor; empty if the table is always loaded in full. */
export function cursorColumns({ cursor }: Pick<TableEntity, 'cursor'>): readonly string[] {
  return cursor === null ? [] : [cursor].flat();
}
