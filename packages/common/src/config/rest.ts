import * as z from 'zod/mini';
import { checkNewNames, newName, settingsOf } from './columns.ts';
import { commonFields, described, type NamedEntity, positive, seconds, sourceFields } from './fields.ts';
import { isTimeZone } from '../words/time-zone.ts';
import { endStatus, pagingSchema } from './paging.ts';
import { referenceSchema } from './reference.ts';

const MIB = 1024 * 1024;
const text = z.string().check(z.minLength(1));
const textOrReference = z.union([referenceSchema, text]);
/** RFC 9110: a token. */
const headerName = z.string().check(z.regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'expected the name of a header'));
const headers = z.record(headerName, textOrReference);
const notNegative = z.number().check(z.minimum(0));

export const restSourceSchema = z.strictObject({
  type: described(z.literal('rest'), '`rest`'),
  base_url: described(
    textOrReference,
    "URL of the API, best given as `env('PAYMENTS_API_URL')`; `https`, or a loopback address",
  ),
  api_key_secret: described(
    z.optional(textOrReference),
    "where the API key is stored, best given as `env('API_KEY_SECRET_ARN')`: a Secrets Manager ARN, `env:NAME` or `file:PATH`. The secret is the bare key, or JSON with `api_key`",
  ),
  api_key_header: described(z._default(headerName, 'x-api-key'), 'header that carries the API key'),
  margin_seconds: described(
    z._default(notNegative, 60),
    'how far behind the server’s `Date` a window ends; it must be longer than a change takes to show in the API',
  ),
  requests_per_second: described(
    z._default(z.number().check(z.minimum(0.01)), 10),
    'how many requests one process sends to this source per second, for all its lists; `RateLimit` headers and `Retry-After` slow it down further',
  ),
  attempts: described(z._default(positive, 5), 'how many times a request is tried before its slice fails'),
  request_timeout_seconds: described(
    z._default(seconds, 30),
    'limit for one attempt, from connecting to the last byte',
  ),
  retry_wait_seconds_max: described(
    z._default(seconds, 300),
    'when a server asks for a longer wait, the slice ends, or fails if it has read nothing',
  ),
  throttle_scope: described(
    z._default(z.enum(['entity', 'source']), 'entity'),
    'what a limit that the API announces holds for: `entity`, the list that was asked, so that no list waits for another; `source`, all its lists, for a quota that belongs to the key',
  ),
  response_bytes_max: described(
    z._default(positive, 32 * MIB),
    'a larger response is refused unread; reading one takes about thirty times its size in memory',
  ),
  ...sourceFields,
});
export type RestSourceInput = z.input<typeof restSourceSchema>;
export type RestSourceConfig = z.output<typeof restSourceSchema>;

const SINCE_FORMATS = ['iso', 'iso_milliseconds', 'iso_seconds', 'date', 'unix_seconds', 'unix_milliseconds'] as const;
export type SinceFormat = (typeof SINCE_FORMATS)[number];

export const sinceSchema = z.strictObject({
  param: described(z._default(text, 'since'), 'query parameter that asks for records changed since a time'),
  format: described(
    z._default(z.enum(SINCE_FORMATS), 'iso'),
    `how that time is written: ${SINCE_FORMATS.map((name) => `\`${name}\``).join(', ')}; \`iso\` has microseconds`,
  ),
  overlap_seconds: described(
    z._default(notNegative, 1),
    'how much earlier Bronze asks from, for APIs that mean “after” or that round; what comes twice is skipped',
  ),
});
export type SinceConfig = z.output<typeof sinceSchema>;

const TYPES =
  'expected text, bigint, integer, smallint, numeric, numeric(12,2), double precision, real, boolean, date, timestamp, timestamptz, unix_seconds, unix_milliseconds or json';
const columnType = z
  .string()
  .check(
    z.regex(
      /^(?:text|smallint|integer|bigint|numeric|numeric\(\d{1,2},\d{1,2}\)|real|double precision|boolean|date|timestamp|timestamptz|unix_seconds|unix_milliseconds|json)$/,
      TYPES,
    ),
  );
const timeZone = z.string().check(z.refine(isTimeZone, 'expected a time zone such as "UTC" or "America/New_York"'));

/** The keys under the name of a field, unless only its type is given. */
export const fieldSchema = z.strictObject({
  type: described(
    z.optional(columnType),
    "only for a field of an API: its type. `amount: 'text'` is short for `amount: { type: 'text' }`",
  ),
  time_zone: described(z.optional(timeZone), 'only with the type timestamptz: the zone of times that name none'),
  as: described(z.optional(newName), 'the column’s name in Bronze'),
});
const SETTINGS =
  'expected a type, { type: "text", as: "new_name" } with one of the two or both, or { type: "timestamptz", time_zone: "America/New_York" }';
/** Without a type or a new name there is nothing to set; only instants are affected by a zone. */
const isWhole = ({ type, time_zone, as }: z.output<typeof fieldSchema>) =>
  (type !== undefined || as !== undefined) && (time_zone === undefined || type === 'timestamptz');
const columnSchema = z.union(
  [
    z.pipe(
      columnType,
      z.transform((type): z.output<typeof fieldSchema> => ({ type })),
    ),
    fieldSchema.check(z.refine(isWhole, SETTINGS)),
  ],
  { error: ({ input }) => (typeof input === 'string' ? TYPES : SETTINGS) },
);

const { source, ...limits } = commonFields;

const endpointSchema = z.strictObject({
  source,
  endpoint: described(
    z.string().check(z.regex(/^\/[^#\s]*$/, 'expected a path such as "/payments"')),
    'path below the base URL; it may include a query: `/payments?status=all`',
  ),
  records_path: described(
    z._default(z.nullable(text), null),
    'where in the body the array of records is, such as `data` or `result.items`; `null`: the body is the array',
  ),
  primary_key: described(z.array(text).check(z.minLength(1)), 'fields that identify a record'),
  cursor: described(
    z._default(z.nullable(text), 'updated_at'),
    'field with the time of a record’s last change; `null`: the endpoint is always loaded in full',
  ),
  null_cursor: described(
    z._default(z.enum(['include', 'error']), 'include'),
    'what happens to records without a cursor value: with `include`, full loads take them and incremental ones skip and count them; with `error`, the load fails',
  ),
  cursor_time_zone: described(
    z.optional(timeZone),
    'time zone of cursor values that name none, and of the time in `since`, which then names none either. It has no default: a load of such values fails without it',
  ),
  event_date: described(
    z._default(z.nullable(text), null),
    'date or timestamp field whose date names the `event_date=` partition; `null`: files are not partitioned by event date',
  ),
  since: described(
    z._default(z.nullable(sinceSchema), { param: 'since', format: 'iso', overlap_seconds: 1 }),
    'the parameter that asks for changed records; `null`: the API has none, so Bronze reads everything and filters it',
  ),
  paging: described(
    pagingSchema,
    'how the list is divided into pages: an API that pages and is read as one page would lose records',
  ),
  empty_status: described(
    z._default(z.array(endStatus), []),
    'statuses by which the API says that there are no records, such as `[404]`, where others send an empty list. They hold for the first page; without this they are errors, because a wrong path is answered by them too',
  ),
  columns: described(
    z._default(z.record(z.string(), columnSchema), {}),
    "types of fields, the zones of times that name none, and names by which they go in Bronze: `{ amount: 'numeric(12,2)', at: { type: 'timestamptz', time_zone: 'Asia/Tokyo' }, event_date: { type: 'date', as: 'event_at' } }`. The types of other fields are inferred from the first records and then kept. Other settings keep naming a field as the API does",
  ),
  exclude: described(z._default(z.array(z.string()), []), 'fields that are not ingested'),
  headers: described(z._default(headers, {}), "additional request headers; give secrets as `env('NAME')`"),
  ...limits,
});
/** Adds a mistake for a field that is excluded although files go by it. */
function checkFieldSettings(payload: z.core.ParsePayload<z.output<typeof endpointSchema>>): void {
  const { event_date, exclude } = payload.value;
  if (event_date === null || !exclude.includes(event_date)) return;
  const message = `${event_date} is the event_date, by which files are partitioned, so it can’t be left out`;
  payload.issues.push({ code: 'custom', path: ['exclude'], input: exclude, message });
}

export const endpointEntitySchema = endpointSchema.check(checkNewNames, checkFieldSettings);
export type EndpointEntityInput = z.input<typeof endpointEntitySchema>;
/** An endpoint of a REST source, with the entity's name. */
export type EndpointEntity = z.output<typeof endpointEntitySchema> & NamedEntity;

type Zoned = Pick<EndpointEntity, 'columns' | 'cursor' | 'cursor_time_zone'>;

/** The zone of a field's times that name none; undefined if the configuration does not say. */
export function zoneOf(entity: Zoned, name: string): string | undefined {
  const { cursor, cursor_time_zone } = entity;
  const declared = settingsOf(entity, name).time_zone;
  return name === cursor ? (cursor_time_zone ?? declared) : declared;
}

/** The zone of cursor values that name none. */
export function cursorZone(entity: Zoned): string | undefined {
  return entity.cursor === null ? undefined : zoneOf(entity, entity.cursor);
}
