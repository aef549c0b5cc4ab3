import { BronzeError } from '@bronze/common/words/failure';
import type { EndpointEntity } from '@bronze/common/config/rest';
import { type JsonNode, JsonNumber, nodeAt } from '../records/json-node.ts';
import { flagOfMore } from './further-page.ts';

/** Whether a response says that the list goes on after it, or ends with it. Undefined: it doesn't say. */
export type EndFlag = 'more' | 'last' | undefined;

const FLAGS: ReadonlyMap<JsonNode, boolean> = new Map<JsonNode, boolean>([
  [true, true],
  ['true', true],
  ['1', true],
  [false, false],
  ['false', false],
  ['0', false],
]);

/**
 * The configured flag of a response (`more_path`, `last_path`).
 *
 * @throws BronzeError RECORDS_MISSING if what is there is neither true nor false
 */
export function endFlag({ name, paging }: EndpointEntity, body: JsonNode | undefined): EndFlag {
  const path = flagPath(paging);
  if (paging.style === 'none' || path === null || body === undefined) return undefined;
  const node = nodeAt(body, path) ?? null;
  if (node === null) return undefined;
  const flag = FLAGS.get(node instanceof JsonNumber ? node.text : node);
  if (flag !== undefined) return flag === (paging.more_path !== null) ? 'more' : 'last';
  throw new BronzeError('RECORDS_MISSING', {
    message: `an answer for ${name} has something at ${path} that is neither true nor false`,
    hint: 'Point more_path or last_path to a flag, or leave it out.',
  });
}

export function flagPath(paging: EndpointEntity['paging']): string | null {
  return paging.style === 'none' ? null : (paging.more_path ?? paging.last_path);
}

/**
 * What in a response says that more pages follow, such as `has_more is true`: the configured flag, or one that looks like
 * it if none is configured. Not asked for with `none`.
 */
export function saysMore(entity: EndpointEntity, body: JsonNode | undefined): string | undefined {
  const { paging } = entity;
  if (paging.style === 'none') return undefined;
  const path = flagPath(paging);
  if (path !== null) return endFlag(entity, body) === 'more' ? `${path} says that more pages follow` : undefined;
  const found = flagOfMore(body);
  return found === undefined ? undefined : `${found} is true`;
}
