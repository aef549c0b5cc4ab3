/** How an API's list is divided into pages, and how it says that one is the last. */
import * as z from 'zod/mini';
import { described, positive } from './fields.ts';

const text = z.string().check(z.minLength(1));

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
export const endStatus = z
  .int()
  .check(
    z.refine(
      (status) => status >= 400 && status <= 499 && !NEVER_THE_END.has(status),
      'expected a status by which an API refuses a page, such as 400 or 404',
    ),
  );
const end_status = described(
  z._default(z.array(endStatus), []),
  'statuses by which the API says that there is no such page. Behind pages that were read they end the list without further checks; 400, 404, 416 and 422 do so only if nothing speaks against it',
);

const end_on_empty = described(
  z._default(z.boolean(), false),
  'whether an empty page is the end of the list even if a total, a link or a flag speaks of more, such as a total that counts records which the API does not give',
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
    end_on_empty,
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
    end_on_empty,
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

export const pagingSchema = z
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
