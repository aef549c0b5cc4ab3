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

const COUNTED = `{ style: 'page' } or { style: 'offset' }`;

/**
 * Looks for signs of a further page in the envelope of a response: its own fields and those of objects in it. Records
 * are not looked at.
 *
 * @param link the URL of the response's `Link` header with `rel="next"`
 */
export function furtherPage(body: JsonNode, link: string | undefined, records: number): FurtherPage | undefined {
  if (link !== undefined) return { sign: 'its Link header names a next page', paging: `{ style: 'next-link' }` };
  if (!(body instanceof JsonObject)) return undefined;
  for (const [name, node] of body.entries) {
    const found =
      signOf(name, name, node, records) ?? (node instanceof JsonObject ? within(name, node, records) : undefined);
    if (found) return found;
  }
  return undefined;
}

function within(outer: string, object: JsonObject, records: number): FurtherPage | undefined {
  for (const [name, node] of object.entries) {
    const found = signOf(name, `${outer}.${name}`, node, records);
    if (found) return found;
  }
  return undefined;
}

function signOf(name: string, path: string, node: JsonNode, records: number): FurtherPage | undefined {
  if (HAS_MORE.test(name) && node === true) return { sign: `${path} is true`, paging: COUNTED };
  if (node instanceof JsonNumber && TOTAL.test(name) && Number(node.text) > records) {
    return { sign: `${path} is ${node.text}, and the response has ${records}`, paging: COUNTED };
  }
  if (node instanceof JsonNumber && PAGES.test(name) && Number(node.text) > 1) {
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
