import type { EndpointEntity } from '@bronze/common/config/rest';
import type { ApiAnswer, Refusal } from '../http/api-client.ts';
import type { JsonObject } from '../records/json-node.ts';
import { recordsIn } from '../records/records.ts';
import { endFlag, saysMore } from './end-flag.ts';
import { isListLeftOut } from './left-out-list.ts';
import type { RawPage, Refused } from './page-step.ts';
import { furtherPage, namesFurtherInList, totalAbove, totalOf } from './further-page.ts';
import { checkPaging, envelopeOf, nextToken, type PageToken } from './paging.ts';

/** Whether a token is that of the first page, by any of its names. */
export function isFirstPage({ paging }: EndpointEntity, token: PageToken): boolean {
  if (token === '') return true;
  if (paging.style === 'page') return Number(token) === paging.first_page;
  return paging.style === 'offset' && Number(token) === 0;
}

/**
 * The records of an answer; none if it has no content, or leaves its list out.
 *
 * @throws BronzeError RECORDS_MISSING
 */
export function recordsOf(entity: EndpointEntity, { body }: ApiAnswer, token: PageToken): JsonObject[] {
  if (body === undefined || isListLeftOut(entity, body, !isFirstPage(entity, token))) return [];
  return recordsIn(entity, body);
}

/** @throws BronzeError RECORDS_MISSING, LINK_REFUSED, CONFIG_INVALID */
export function readPage(entity: EndpointEntity, answer: ApiAnswer, token: PageToken): RawPage {
  const records = recordsOf(entity, answer, token);
  const flag = endFlag(entity, answer.body);
  const next = flag === 'last' ? undefined : nextToken(entity, answer);
  if (token === '') checkPaging(entity, answer, records.length);
  const envelope = envelopeOf(answer);
  const { style } = entity.paging;
  const endsByToken = (style === 'cursor' || style === 'next-link') && next === undefined && flag !== 'last';
  return {
    records,
    next,
    characters: answer.characters,
    flag,
    more: saysMore(entity, answer.body) ?? (endsByToken ? namesFurtherInList(envelope) : undefined),
    further: (read) => saysMore(entity, answer.body) ?? furtherPage(envelope, read)?.sign,
    totalAbove: (read) => totalAbove(envelope, read)?.sign,
    total: totalOf(envelope),
  };
}

/** @param error what the refusal is if it is not the end of the list */
export function refusedPage({ status }: Refusal, error: Refused['error']): RawPage {
  return { records: [], next: undefined, characters: 0, refused: { status, error } };
}
