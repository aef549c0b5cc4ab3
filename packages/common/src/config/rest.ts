import * as z from 'zod/mini';
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
  base_url: described(textOrReference, "where the API is, best as `env('PAYMENTS_API_URL')`; `https`, or loopback"),
  api_key_secret: described(
    z.optional(textOrReference),
    "where the API key is, best as `env('API_KEY_SECRET_ARN')`: a Secrets Manager ARN, `env:NAME` or `file:PATH`. The secret is the bare key or JSON with `api_key`",
  ),
  api_key_header: described(z._default(headerName, 'x-api-key'), 'header that carries the API key'),
  margin_seconds: described(
    z._default(notNegative, 60),
    'how far behind the server’s `Date` a window ends: longer than a change takes to show in the API',
  ),
  requests_per_second: described(
    z._default(z.number().check(z.minimum(0.01)), 10),
    'requests to this source by one process; `RateLimit` headers and `Retry-After` slow it down further',
  ),
  attempts: described(z._default(positive, 5), 'how often a request is tried before its slice fails'),
  request_timeout_seconds: described(z._default(seconds, 30), 'of one attempt, from connecting to the last byte'),
  retry_wait_seconds_max: described(
    z._default(seconds, 300),
    'a server that asks for a longer wait is left alone: the slice ends, or fails when it has read nothing',
  ),
  response_bytes_max: described(
    z._default(positive, 32 * MIB),
    'a larger response is refused, unread; reading one takes some thirty times its size',
  ),
});
export type RestSourceInput = z.input<typeof restSourceSchema>;
export type RestSourceConfig = z.output<typeof restSourceSchema>;

const SINCE_FORMATS = ['iso', 'iso_milliseconds', 'iso_seconds', 'date', 'unix_seconds', 'unix_milliseconds'] as const;
export type SinceFormat = (typeof SINCE_FORMATS)[number];

export const sinceSchema = z.strictObject({
  param: described(z._default(text, 'since'), 'query parameter that asks for records changed since a moment'),
  format: described(
    z._default(z.enum(SINCE_FORMATS), 'iso'),
    `how the moment is written: ${SINCE_FORMATS.map((name) => `\`${name}\``).join(', ')}; \`iso\` has microseconds`,
  ),
  overlap_seconds: described(
    z._default(notNegative, 1),
    'asks for so much more, for APIs that mean “after” or round; what comes twice is left out again',
  ),
});
export type SinceConfig = z.output<typeof sinceSchema>;

const size = described(z._default(positive, 100), 'records a page; an API may send fewer');
const sizeParam = (name: string) =>
  described(
    z._default(z.nullable(text), name),
    'query parameter of the page size; `null`: the API decides and none is sent',
  );

export const PAGING_SCHEMAS = {
  none: z.strictObject({
    style: described(z.literal('none'), '`none`: one response holds everything; it can’t be taken up half-way'),
  }),
  page: z.strictObject({
    style: described(z.literal('page'), '`page`: numbered pages, until one is empty'),
    page_param: described(z._default(text, 'page'), 'query parameter of the page’s number'),
    first_page: described(z._default(z.int().check(z.minimum(0)), 1), 'number of the first page'),
    size_param: sizeParam('page_size'),
    size,
    confirm: described(
      z._default(z.boolean(), true),
      'reads each page again after the next one: a list that moved meanwhile shows, and nothing is lost between the pages. `false` halves the requests and trusts the API',
    ),
  }),
  offset: z.strictObject({
    style: described(z.literal('offset'), '`offset`: so many records skipped, until none comes; pages overlap by one'),
    offset_param: described(z._default(text, 'offset'), 'query parameter of how many records to skip'),
    size_param: sizeParam('limit'),
    size: described(z._default(z.int().check(z.minimum(2)), 100), 'records a page; an API may send fewer'),
  }),
  cursor: z.strictObject({
    style: described(z.literal('cursor'), '`cursor`: each response holds a token for the next, until none does'),
    cursor_param: described(z._default(text, 'cursor'), 'query parameter that sends the token back'),
    cursor_path: described(
      z._default(text, 'next_cursor'),
      'where in the body the token is, such as `meta.next_cursor`',
    ),
    size_param: sizeParam('limit'),
    size,
  }),
  'next-link': z.strictObject({
    style: described(z.literal('next-link'), '`next-link`: each response names the URL of the next, until none does'),
    link_path: described(
      z._default(z.nullable(text), null),
      'where in the body the URL is, such as `links.next`; `null`: in the `Link` header, `rel="next"`',
    ),
    size_param: sizeParam('limit'),
    size,
  }),
};
const pagingSchema = z.discriminatedUnion('style', [
  PAGING_SCHEMAS.none,
  PAGING_SCHEMAS.page,
  PAGING_SCHEMAS.offset,
  PAGING_SCHEMAS.cursor,
  PAGING_SCHEMAS['next-link'],
]);
export type PagingConfig = z.output<typeof pagingSchema>;

const columnType = z
  .string()
  .check(
    z.regex(
      /^(?:text|smallint|integer|bigint|numeric|numeric\(\d{1,2},\d{1,2}\)|real|double precision|boolean|date|timestamp|timestamptz|unix_seconds|unix_milliseconds|json)$/,
      'expected text, bigint, integer, smallint, numeric, numeric(12,2), double precision, real, boolean, date, timestamp, timestamptz, unix_seconds, unix_milliseconds or json',
    ),
  );

const { source, ...limits } = commonFields;

export const endpointEntitySchema = z.strictObject({
  source,
  endpoint: described(
    z.string().check(z.regex(/^\/[^#\s]*$/, 'expected a path such as "/payments"')),
    'path below the base URL; it may have a query: `/payments?status=all`',
  ),
  records_path: described(
    z._default(z.nullable(text), null),
    'where in the body the array of records is, such as `data` or `result.items`; `null`: the body is the array',
  ),
  primary_key: described(z.array(text).check(z.minLength(1)), 'fields that identify a record'),
  cursor: described(
    z._default(z.nullable(text), 'updated_at'),
    'field with the moment of a record’s last change; `null`: always loaded in full',
  ),
  null_cursor: described(
    z._default(z.enum(['include', 'error']), 'include'),
    'records without a cursor value: `include`: with full loads, and left out and counted in incremental ones; `error`: the load fails',
  ),
  event_date: described(
    z._default(z.nullable(text), null),
    'date or timestamp field whose date names the `event_date=` partition; `null`: no such level',
  ),
  since: described(
    z._default(z.nullable(sinceSchema), { param: 'since', format: 'iso', overlap_seconds: 1 }),
    'the parameter that asks for changed records; `null`: the API has none, everything is read and filtered here',
  ),
  paging: described(z._default(pagingSchema, { style: 'none' }), 'how the list is cut into pages'),
  columns: described(
    z._default(z.record(text, columnType), {}),
    "types of fields: `{ amount: 'numeric(12,2)' }`; others are inferred from the first records and then kept",
  ),
  exclude: described(z._default(z.array(text), []), 'fields that are not ingested'),
  headers: described(z._default(headers, {}), "further request headers; secrets as `env('NAME')`"),
  ...limits,
});
export type EndpointEntityInput = z.input<typeof endpointEntitySchema>;
/** An endpoint of a REST source, with the entity's name. */
export type EndpointEntity = z.output<typeof endpointEntitySchema> & { readonly name: string };
