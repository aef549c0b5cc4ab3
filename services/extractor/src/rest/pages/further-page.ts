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
/** Flags that are false until the last page. */
const LAST = /^(?:is_?)?(?:done|last(?:_?page)?)$/i;
const NEXT =
  /^(?:@?odata\.)?next(?:_?(?:page|records?|results?))?(?:_?(?:cursor|token|url|link|href|uri|marker))?$|^continuation(?:_?token)?$/i;
/** What in an object under such a name leads to the next page, the likeliest first. */
const NEXT_FIELDS = ['href', 'url', 'uri', 'link', 'after', 'cursor', 'token', 'path', 'offset', 'page'] as const;
const TOTAL = /^(?:@?odata\.)?(?:count|total|total_?(?:count|records|items|results|elements|hits|size))$/i;
const PAGES = /^(?:total_?pages|page_?count|num_?pages|last_?page)$/i;

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
 * Looks for signs of a further page in the envelope of a response: its headers, its own fields, those of objects in it,
 * and those below objects that speak of the list. Records are not looked at.
 */
export function furtherPage({ body, headers, link }: Envelope, read: ReadSoFar): FurtherPage | undefined {
  if (link !== undefined) return { sign: 'its Link header names a next page', paging: `{ style: 'next-link' }` };
  return (
    inEnvelope(body, (name, path, node) => signOf(name, path, node, read), WRAPPERS_MAX) ?? inHeaders(headers, read)
  );
}

/** Looks for a number of records or pages that is above what was read. */
export function totalAbove({ body, headers }: Envelope, read: ReadSoFar): FurtherPage | undefined {
  return (
    inEnvelope(body, (name, path, node) => countSign(name, path, node, read), WRAPPERS_MAX) ?? inHeaders(headers, read)
  );
}

/** How many records there are in the whole list, if the response says so in a field with `total` in its name. */
export function totalOf({ body, headers }: Envelope): number | undefined {
  // `count` may be that of the page.
  const fields = [...fieldsIn(body, '', WRAPPERS_MAX)].filter(([name]) => TOTAL.test(name) && !/^count$/i.test(name));
  const found = [...fields.map(([, , node]) => countIn(node)), ...TOTAL_HEADERS.map((name) => countIn(headers[name]))];
  const totals = found.filter((total) => total !== undefined);
  return totals.length === 0 ? undefined : Math.max(...totals);
}

function countIn(node: JsonNode | undefined): number | undefined {
  const text = node instanceof JsonNumber ? node.text : node;
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Whether a response names a next page or has a flag that says so. Totals are not looked at: they may count more. */
export function namesFurther({ body, headers, link }: Envelope): FurtherPage | undefined {
  return furtherPage({ body, headers, link }, { records: Infinity, pages: Infinity });
}

/** The same, but only what is in objects that speak of the list, and not of something else that may have more. */
export function namesFurtherInList({ body, link }: Envelope): string | undefined {
  if (link !== undefined) return 'its Link header names a next page';
  const isOfTheList = (name: string, path: string) => {
    const above = path.slice(0, -name.length).split('.').slice(0, -1);
    return above.every((wrapper) => WRAPPER.test(wrapper));
  };
  const unread: ReadSoFar = { records: Infinity, pages: Infinity };
  const look: Look<FurtherPage> = (name, path, node) =>
    isOfTheList(name, path) ? signOf(name, path, node, unread) : undefined;
  return inEnvelope(body, look, WRAPPERS_MAX)?.sign;
}

/** How many objects that speak of the list may be around each other, such as `response.meta.pagination.links`. */
const WRAPPERS_MAX = 4;
const WRAPPER =
  /^(?:_?meta(?:_?data)?|_?links?|paging|pagination|pages?|page_?info|cursors?|response(?:_?metadata)?|results?|data|body|payload|d)$/i;

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

type Field = readonly [name: string, path: string, node: JsonNode];

/** The first thing that is found in the fields of a response, or in those of the objects in it. */
function inEnvelope<T>(body: JsonNode | undefined, look: Look<T>, wrappers_max = 1): T | undefined {
  for (const [name, path, node] of fieldsIn(body, '', wrappers_max)) {
    const found = look(name, path, node);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Fields of an object and of those in it, each after the object that it is in. */
function* fieldsIn(body: JsonNode | undefined, above: string, wrappers: number): Generator<Field> {
  if (!(body instanceof JsonObject)) return;
  for (const [name, node] of body.entries) {
    yield [name, `${above}${name}`, node];
    const isLooked = wrappers > 0 && (above === '' || WRAPPER.test(name));
    if (isLooked) yield* fieldsIn(node, `${above}${name}.`, wrappers - 1);
  }
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
  if (LAST.test(name) && node === false) return { sign: `${path} is false`, paging: COUNTED };
  return countSign(name, path, node, { records, pages }) ?? (NEXT.test(name) ? nextSign(path, node) : undefined);
}

function countSign(name: string, path: string, node: JsonNode, { records, pages }: ReadSoFar): FurtherPage | undefined {
  const count = countIn(node);
  if (count === undefined) return undefined;
  if (TOTAL.test(name) && count > records)
    return { sign: `${path} is ${count}, and ${records} were read`, paging: COUNTED };
  return PAGES.test(name) && count > pages ? { sign: `${path} is ${count}`, paging: COUNTED } : undefined;
}

function nextSign(path: string, node: JsonNode): FurtherPage | undefined {
  if (node instanceof JsonObject) {
    // `link_path` and `cursor_path` look into an `href` themselves.
    const pathOf = (field: string) => (field === 'href' ? path : `${path}.${field}`);
    const signs = NEXT_FIELDS.map((field) => nextSign(pathOf(field), node.get(field) ?? null));
    return signs.find((sign) => sign !== undefined);
  }
  if (node instanceof JsonNumber) return { sign: `${path} is ${node.text}`, paging: `{ style: 'page' }` };
  if (typeof node !== 'string' || node === '') return undefined;
  const isUrl = /^(?:https?:|[/?])/.test(node);
  const paging = isUrl ? `{ style: 'next-link', link_path: '${path}' }` : `{ style: 'cursor', cursor_path: '${path}' }`;
  return { sign: `${path} has a value`, paging };
}
