import * as z from 'zod/mini';
import { checkNewNames, newName } from './columns.ts';
import { commonFields, described, positive, seconds } from './fields.ts';
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

const size = described(z._default(positive, 100), 'records per page; an API may send fewer');
const sizeParam = (name: string) =>
  described(
    z._default(z.nullable(text), name),
    'query parameter for the page size; `null`: it is not sent, and the API decides',
  );

const flags = {
  more_path: described(
    z._default(z.nullable(text), null),
    'where in the body a flag says whether more pages follow, such as `has_more`; `false` ends the list, even if the page names a next one',
  ),
  last_path: described(
    z._default(z.nullable(text), null),
    'the same for a flag that is `true` on the last page, such as `meta.is_last`; set one of the two',
  ),
};
/** Statuses that say nothing about a page: they mean access, limits or a failure, and are never the end of a list. */
const NEVER_THE_END: ReadonlySet<number> = new Set([401, 403, 408, 425, 429]);
const endStatus = z
  .int()
  .check(
    z.refine(
      (status) => status >= 400 && status <= 499 && !NEVER_THE_END.has(status),
      'expected a status by which an API refuses a page, such as 400',
    ),
  );
const end_status = described(
  z._default(z.array(endStatus), []),
  'statuses by which the API says that there is no such page. Behind pages that were read they end the list without further checks; 400, 404, 416 and 422 do so only if nothing speaks against it',
);

export const PAGING_SCHEMAS = {
  none: z.strictObject({
    style: described(z.literal('none'), '`none`: one response holds everything; reading can’t be resumed half-way'),
    whole: described(
      z._default(z.boolean(), false),
      'whether the response is the whole list even if it seems to name a further page, such as by a `total` above its records',
    ),
  }),
  page: z.strictObject({
    style: described(z.literal('page'), '`page`: numbered pages, read until one is empty'),
    page_param: described(z._default(text, 'page'), 'query parameter for the number of the page'),
    first_page: described(z._default(z.int().check(z.minimum(0)), 1), 'number of the first page'),
    size_param: sizeParam('page_size'),
    size,
    confirm: described(
      z._default(z.boolean(), true),
      'reads each page again after the next one, so that nothing is lost between pages when the list moves meanwhile. `false` halves the requests and trusts the API',
    ),
    ...flags,
    end_status,
  }),
  offset: z.strictObject({
    style: described(
      z.literal('offset'),
      '`offset`: skips the records already read, until no more come; pages overlap by one record',
    ),
    offset_param: described(z._default(text, 'offset'), 'query parameter for how many records to skip'),
    size_param: sizeParam('limit'),
    size: described(z._default(z.int().check(z.minimum(2)), 100), 'records per page; an API may send fewer'),
    ...flags,
    end_status,
  }),
  cursor: z.strictObject({
    style: described(z.literal('cursor'), '`cursor`: each response but the last holds a token for the next'),
    cursor_param: described(z._default(text, 'cursor'), 'query parameter that sends the token back'),
    cursor_path: described(
      z._default(text, 'next_cursor'),
      'where in the body the token is, such as `meta.next_cursor`',
    ),
    size_param: sizeParam('limit'),
    size,
    ...flags,
  }),
  'next-link': z.strictObject({
    style: described(z.literal('next-link'), '`next-link`: each response but the last names the URL of the next'),
    link_path: described(
      z._default(z.nullable(text), null),
      'where in the body the URL is, such as `links.next`; `null`: in the `Link` header, `rel="next"`',
    ),
    size_param: sizeParam('limit'),
    size,
    ...flags,
  }),
};
/** No default: an API that pages and is read as one page would lose records. */
const SAY_PAGING = `say how the list is divided into pages: { style: 'page' }, 'offset', 'cursor' or 'next-link'; 'none' if one response holds everything`;

const pagingSchema = z
  .discriminatedUnion(
    'style',
    [
      PAGING_SCHEMAS.none,
      PAGING_SCHEMAS.page,
      PAGING_SCHEMAS.offset,
      PAGING_SCHEMAS.cursor,
      PAGING_SCHEMAS['next-link'],
    ],
    { error: ({ input }) => (input === undefined ? SAY_PAGING : undefined) },
  )
  .check(
    z.refine(
      (paging) => paging.style === 'none' || paging.more_path === null || paging.last_path === null,
      'set more_path or last_path, not both',
    ),
  );
export type PagingConfig = z.output<typeof pagingSchema>;

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

/** The keys under the name of a field, unless only its type is given. */
export const fieldSchema = z.strictObject({
  type: described(
    z.optional(columnType),
    "only for a field of an API: its type. `amount: 'text'` is short for `amount: { type: 'text' }`",
  ),
  as: described(z.optional(newName), 'the column’s name in Bronze'),
});
const SETTINGS = "expected a type, or { type: 'text', as: 'new_name' } with one of the two or both";
const columnSchema = z.union(
  [
    z.pipe(
      columnType,
      z.transform((type): z.output<typeof fieldSchema> => ({ type })),
    ),
    fieldSchema.check(z.refine(({ type, as }) => type !== undefined || as !== undefined, SETTINGS)),
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
  columns: described(
    z._default(z.record(z.string(), columnSchema), {}),
    "types of fields, and names by which they go in Bronze: `{ amount: 'numeric(12,2)', event_date: { type: 'date', as: 'event_at' } }`, both optional. The types of other fields are inferred from the first records and then kept. Other settings keep naming a field as the API does",
  ),
  exclude: described(z._default(z.array(z.string()), []), 'fields that are not ingested'),
  headers: described(z._default(headers, {}), "additional request headers; give secrets as `env('NAME')`"),
  ...limits,
});
export const endpointEntitySchema = endpointSchema.check(checkNewNames);
export type EndpointEntityInput = z.input<typeof endpointEntitySchema>;
/** An endpoint of a REST source, with the entity's name. */
export type EndpointEntity = z.output<typeof endpointEntitySchema> & { readonly name: string };
