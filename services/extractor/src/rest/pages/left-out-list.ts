import type { EndpointEntity } from '@bronze/common/config/rest';
import { type JsonNode, JsonNumber, JsonObject, nodeAt } from '../records/json-node.ts';
import { namesFurther, saysNone } from './further-page.ts';

/** What envelopes say besides their records. Anything else, such as `error`, may be the reason why there are none. */
const PAGING =
  /^(?:_?meta(?:_?data)?|_?links?|paging|pagination|pages?|page_?(?:number|size|count|info)|current_?page|number|size|limit|offset|skip|start|per_?page|(?:.*_)?(?:cursor|token)|(?:@odata\.)?(?:next|prev(?:ious)?|first|last|self)(?:_?\w+)?|(?:@odata\.)?(?:count|context|total(?:_?\w+)?)|num_?pages|has_?(?:more|next|prev(?:ious)?)(?:_?page)?|more|is_?(?:last|first)(?:_?page)?|request_?id|took)$/i;
const OUTCOME = /^(?:ok|(?:is_?)?success|status|result|code)$/i;
const WELL: ReadonlySet<JsonNode> = new Set([true, null, 'ok', 'OK', 'success', '0', '200']);
const TROUBLE = /err|fault|exception|message|problem|detail|warn/i;

/**
 * Whether a response leaves its list out because it is empty: `{}`, `null`, or an envelope that has only the words of
 * paging in it. Behind pages that had the list, that is enough. The first page must say that there are 0 records, because
 * a misspelt `records_path` looks the same. One that names a next page has left something else out.
 *
 * @param isBehind whether pages of the list were read before this one
 */
export function isListLeftOut({ records_path }: EndpointEntity, body: JsonNode, isBehind: boolean): boolean {
  if (namesFurther({ body, headers: {}, link: undefined })) return false;
  if (records_path === null) return body === null || (isBehind && body instanceof JsonObject && isBare(body, ''));
  if (nodeAt(body, records_path) !== undefined) return false;
  if (body === null) return isBehind;
  return body instanceof JsonObject && isBare(body, records_path) && (isBehind || saysNone(body));
}

/** Whether an envelope has nothing but paging in it. @param path what may be above the list: `result` of `result.items` */
function isBare(body: JsonObject, path: string): boolean {
  return body.entries.every(([name, node]) => {
    if (path.startsWith(`${name}.`)) {
      return node === null || (node instanceof JsonObject && isBare(node, path.slice(name.length + 1)));
    }
    const isWell = OUTCOME.test(name) && WELL.has(node instanceof JsonNumber ? node.text : node);
    return isWell || (PAGING.test(name) && !TROUBLE.test(name) && !isTrouble(node));
  });
}

function isTrouble(node: JsonNode): boolean {
  return node instanceof JsonObject && node.entries.some(([name, one]) => TROUBLE.test(name) && one !== null);
}
