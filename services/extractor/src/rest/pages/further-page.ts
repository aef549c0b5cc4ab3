import type { HttpAnswer } from '../http/http.ts';
import { JsonNumber, type JsonNode, JsonObject } from '../records/json-node.ts';

/** What in a response says that the list goes on, and the paging that would follow it. */
export interface FurtherPage {
  /** Such as `meta.has_more is true`. */
  readonly sign: string;
  /** As it is written in bronze.config.ts. */
  readonly paging: string;
}

const HAS_MORE = /^(?:has_?more|has_?next(?:_?page)?|more_?(?:available|results))$/i;
const NEXT =
  /^(?:@odata\.)?next(?:_?(?:page|cursor|token|url|link|href|uri|marker|page_?token))?$|^continuation(?:_?token)?$/i;
const TOTAL = /^(?:@odata\.)?(?:count|total|total_?(?:count|records|items|results|elements|hits))$/i;
const PAGES = /^(?:total_?pages|page_?count|num_?pages)$/i;

/** Headers with the number of records and of pages in the list. No standard names them: these are widespread. */
const TOTAL_HEADERS = ['x-total-count', 'x-total', 'x-wp-total', 'total-count', 'x-pagination-total-count'];
const PAGES_HEADERS = ['x-total-pages', 'x-wp-totalpages', 'x-pagination-page-count'];

/** How much of a list was read, a page that is looked at included. */
export interface ReadSoFar {
  readonly records: number;
  readonly pages: number;
}

const COUNTED = `{ style: 'page' } or { style: 'offset' }`;

/** What of a response is not records. */
export interface Envelope {
  /** Undefined: the response has none. */
  readonly body: JsonNode | undefined;
  readonly headers: HttpAnswer['headers'];
  /** The URL of its `Link` header with `rel="next"`. */
  readonly link: string | undefined;
}

/**
 * Looks for signs of a further page in the envelope of a response: its headers, its own fields and those of objects in
 * it. Records are not looked at.
 */
export function furtherPage({ body, headers, link }: Envelope, read: ReadSoFar): FurtherPage | undefined {
  if (link !== undefined) return { sign: 'its Link header names a next page', paging: `{ style: 'next-link' }` };
  return inEnvelope(body, (name, path, node) => signOf(name, path, node, read)) ?? inHeaders(headers, read);
}

/** Where an envelope speaks of its list, and not of something else that may have more. */
const OF_THE_LIST =
  /^(?:(?:_?meta(?:_?data)?|_?links?|paging|pagination|page|page_?info|cursors?|response_?metadata|results?|data)\.)?[^.]+$/i;

/** The flag in the envelope of a response that says that more pages follow, such as `meta.has_more`. */
export function flagOfMore(body: JsonNode | undefined): string | undefined {
  const isFlag = (name: string, path: string) => HAS_MORE.test(name) && OF_THE_LIST.test(path);
  return inEnvelope(body, (name, path, node) => (node === true && isFlag(name, path) ? path : undefined));
}

/** Whether the envelope of a response says that the list has no records at all. */
export function saysNone(body: JsonNode | undefined): boolean {
  const isZero = (name: string, node: JsonNode) =>
    TOTAL.test(name) && node instanceof JsonNumber && Number(node.text) === 0;
  return inEnvelope(body, (name, _, node) => isZero(name, node) || undefined) ?? false;
}

type Look<T> = (name: string, path: string, node: JsonNode) => T | undefined;

/** The first thing that is found in the fields of a response, or in those of the objects in it. */
function inEnvelope<T>(body: JsonNode | undefined, look: Look<T>): T | undefined {
  if (!(body instanceof JsonObject)) return undefined;
  const fields = body.entries.flatMap(([name, node]) => {
    const inner = node instanceof JsonObject ? node.entries : [];
    return [[name, name, node] as const, ...inner.map(([below, one]) => [below, `${name}.${below}`, one] as const)];
  });
  for (const [name, path, node] of fields) {
    const found = look(name, path, node);
    if (found !== undefined) return found;
  }
  return undefined;
}

function inHeaders(headers: HttpAnswer['headers'], { records, pages }: ReadSoFar): FurtherPage | undefined {
  const above = (name: string, value: string | undefined, most: number) => {
    const count = /^\s*(\d{1,15})\s*$/.exec(value ?? '')?.[1];
    if (count === undefined || Number(count) <= most) return undefined;
    return { sign: `its header ${name} says ${count}`, paging: COUNTED };
  };
  const ranged = /\/(\d{1,15})\s*$/.exec(headers['content-range'] ?? '')?.[1];
  const signs = [
    ...TOTAL_HEADERS.map((name) => above(name, headers[name], records)),
    ...PAGES_HEADERS.map((name) => above(name, headers[name], pages)),
    above('content-range', ranged, records),
  ];
  return signs.find((sign) => sign !== undefined);
}

function signOf(name: string, path: string, node: JsonNode, { records, pages }: ReadSoFar): FurtherPage | undefined {
  if (HAS_MORE.test(name) && node === true) return { sign: `${path} is true`, paging: COUNTED };
  if (node instanceof JsonNumber && TOTAL.test(name) && Number(node.text) > records) {
    return { sign: `${path} is ${node.text}, and ${records} were read`, paging: COUNTED };
  }
  if (node instanceof JsonNumber && PAGES.test(name) && Number(node.text) > pages) {
    return { sign: `${path} is ${node.text}`, paging: COUNTED };
  }
  return NEXT.test(name) ? nextSign(path, node) : undefined;
}

function nextSign(path: string, node: JsonNode): FurtherPage | undefined {
  const value = node instanceof JsonObject ? node.get('href') : node;
  if (value instanceof JsonNumber) return { sign: `${path} is ${value.text}`, paging: `{ style: 'page' }` };
  if (typeof value !== 'string' || value === '') return undefined;
  const isUrl = /^(?:https?:|[/?])/.test(value);
  const paging = isUrl ? `{ style: 'next-link', link_path: '${path}' }` : `{ style: 'cursor', cursor_path: '${path}' }`;
  return { sign: `${path} has a value`, paging };
}
