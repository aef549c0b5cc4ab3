import { endFlag, flagPath } from './end-flag.ts';
import { type Envelope, type FurtherPage, furtherPage, namesFurther, type ReadSoFar } from './further-page.ts';
import type { HttpAnswer } from '../http/http.ts';
import { linkTarget } from '../http/link-target.ts';
import { BronzeError } from '@bronze/common/words/failure';
import type { PagingConfig } from '@bronze/common/config/paging';
import type { EndpointEntity } from '@bronze/common/config/rest';
import { type JsonNode, JsonNumber, JsonObject, nodeAt } from '../records/json-node.ts';

/** Names a page: a number, an offset, a token or a URL, as text; empty for the first page. */
export type PageToken = string;

export interface PageAddress {
  readonly base_url: string;
  readonly entity: EndpointEntity;
  /** Value of the parameter that asks for changed records; undefined: it is not sent. */
  readonly since: string | undefined;
  /** Instead of the configured page size. */
  readonly size?: number | undefined;
}

/**
 * The URL of a page. A next link is used as the server gave it.
 *
 * @throws BronzeError LINK_REFUSED for a next link to another origin
 */
export function pageUrl(address: PageAddress, token: PageToken): string {
  const { entity, since, size } = address;
  const { paging } = entity;
  const url = endpointUrl(address);
  if (paging.style === 'next-link' && token !== '') return withinOrigin(entity, token, url.href);
  if (since !== undefined && entity.since) url.searchParams.set(entity.since.param, since);
  if (paging.style === 'none') return url.href;
  if (paging.size_param !== null) url.searchParams.set(paging.size_param, String(size ?? paging.size));
  const [name, value] = pageParameter(paging, token);
  if (name !== undefined && value !== '') url.searchParams.set(name, value);
  return url.href;
}

function pageParameter(paging: PagingConfig, token: PageToken): [name: string | undefined, value: string] {
  if (paging.style === 'page') return [paging.page_param, token || String(paging.first_page)];
  if (paging.style === 'offset') return [paging.offset_param, token || '0'];
  return [paging.style === 'cursor' ? paging.cursor_param : undefined, token];
}

function endpointUrl({ base_url, entity }: PageAddress): URL {
  return new URL(`${base_url.replace(/\/$/, '')}${entity.endpoint}`);
}

export interface PageAnswer {
  readonly url: string;
  /** Undefined: the answer has none. */
  readonly body: JsonNode | undefined;
  readonly headers: HttpAnswer['headers'];
}

/**
 * The token of the page after this one, for styles in which the server names it; undefined at the end. How many records
 * the page has does not matter: a short or empty page with a next one is not the last.
 *
 * @throws BronzeError LINK_REFUSED for a next link to another origin, which would be sent the API key; RECORDS_MISSING
 *   if the next page is named by something that is neither text nor a number
 */
export function nextToken(entity: EndpointEntity, answer: PageAnswer): PageToken | undefined {
  const { paging } = entity;
  if (paging.style === 'cursor') return textOf(entity, nodeAt(answer.body ?? null, paging.cursor_path));
  if (paging.style !== 'next-link') return undefined;
  const link =
    paging.link_path === null
      ? linkHeader(answer.headers['link'])
      : textOf(entity, nodeAt(answer.body ?? null, paging.link_path));
  return link === undefined ? undefined : withinOrigin(entity, link, answer.url);
}

function withinOrigin(entity: EndpointEntity, link: string, from: string): string {
  const next = linkTarget(link, from);
  if (next?.is_within_origin) return next.href;
  throw new BronzeError('LINK_REFUSED', {
    message: `the next link of ${entity.name} ${next ? `leads to another origin: ${next.origin}` : 'is not a URL'}`,
    hint: 'Only links to the scheme, host and port of base_url are followed. If the API moved, change base_url.',
  });
}

/** Missing, null, false and empty text mean the end. Anything else without a text is an error, not the end. */
function textOf(entity: EndpointEntity, node: JsonNode | undefined): string | undefined {
  if (node === undefined || node === null || node === false || node === '') return undefined;
  const text = node instanceof JsonNumber ? node.text : node instanceof JsonObject ? node.get('href') : node;
  if (typeof text === 'string') return text === '' ? undefined : text;
  throw new BronzeError('RECORDS_MISSING', {
    message: `an answer for ${entity.name} names its next page by something that is neither text nor a number`,
    hint: 'Point to the token or URL itself: cursor_path or link_path may have to go one level deeper.',
  });
}

/**
 * Refuses a first page that does not fit the configured paging. One response that seems to be the first of several
 * would lose the others. A full page without anything where its next page should be named is more likely a wrong path
 * than a list of exactly that length.
 *
 * @throws BronzeError CONFIG_INVALID, RECORDS_MISSING
 */
export function checkPaging(entity: EndpointEntity, answer: PageAnswer, records: number): void {
  const { name, paging } = entity;
  if (paging.style === 'none' && !paging.whole) checkWhole(entity, answer, records);
  if (paging.style === 'none') return;
  const missing = missingIn(entity, answer);
  if (missing === undefined) return;
  if (records < paging.size) return checkPlace(entity, answer, missing);
  throw new BronzeError('RECORDS_MISSING', {
    message: `the first page of ${name} is full, and ${missing} to say whether there is more`,
    hint: `Is the path right? If the list has exactly ${paging.size} records, change paging.size.`,
  });
}

/** Pages may be smaller than was asked for. What names a next page elsewhere shows that the path is wrong. */
function checkPlace({ name, paging }: EndpointEntity, answer: PageAnswer, missing: string): void {
  if (paging.style !== 'cursor' && paging.style !== 'next-link') return;
  const further = namesFurther(envelopeOf(answer));
  if (!further) return;
  throw new BronzeError('RECORDS_MISSING', {
    message: `${missing} to say whether ${name} has more pages, but ${further.sign}`,
    hint: `Is the path right? It may be paging: ${further.paging}.`,
  });
}

/** Where an answer should say whether there is more, and has nothing. */
function missingIn(entity: EndpointEntity, { body, headers }: PageAnswer): string | undefined {
  const { paging } = entity;
  const lacks = (path: string) => nodeAt(body ?? null, path) === undefined;
  const flag = flagPath(paging);
  if (flag !== null && lacks(flag)) return `the answer has nothing at ${flag}`;
  if (endFlag(entity, body) === 'last') return undefined;
  if (paging.style === 'cursor' && lacks(paging.cursor_path)) return `the answer has nothing at ${paging.cursor_path}`;
  if (paging.style !== 'next-link') return undefined;
  const { link_path } = paging;
  if (link_path === null) return headers['link'] === undefined ? 'the answer has no Link header' : undefined;
  return lacks(link_path) ? `the answer has nothing at ${link_path}` : undefined;
}

/** What in an answer says that the list goes on, if that much of it was read. */
function furtherIn(answer: PageAnswer, read: ReadSoFar): FurtherPage | undefined {
  return furtherPage(envelopeOf(answer), read);
}

export function envelopeOf({ body, headers }: PageAnswer): Envelope {
  return { body, headers, link: linkHeader(headers['link']) };
}

function checkWhole({ name }: EndpointEntity, answer: PageAnswer, records: number): void {
  const further = furtherIn(answer, { records, pages: 1 });
  if (!further) return;
  throw new BronzeError('CONFIG_INVALID', {
    message: `the list of ${name} goes on after its first page, which is all that paging: { style: 'none' } reads: ${further.sign}`,
    hint: `Set paging of ${name}, such as to ${further.paging}. If this response is the whole list, set whole: true next to style.`,
  });
}

/** `<https://…/payments?cursor=x>; rel="next", <…>; rel="prev"` (RFC 8288). */
function linkHeader(header: string | undefined): string | undefined {
  for (const [, url, parameters = ''] of (header ?? '').matchAll(/<([^>]*)>((?:"(?:[^"\\]|\\.)*"|[^<"])*)/g)) {
    if (/;\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next(?=\s|;|,|$))/i.test(parameters)) return url;
  }
  return undefined;
}

/** What a position's values refer to: if any of this changes, a load can't continue in the middle. */
export function orderOf(entity: EndpointEntity, since: string | undefined): string {
  const { paging } = entity;
  const size = paging.style === 'page' ? ` of ${paging.size}` : '';
  return `GET ${entity.endpoint} by ${paging.style}${size}${since === undefined ? '' : ` since ${since}`}`;
}
