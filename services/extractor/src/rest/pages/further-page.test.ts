import { expect, test } from 'vitest';
import { parseJson } from '../records/json-node.ts';
import { furtherPage } from './further-page.ts';

const found = (body: string, link?: string) =>
  furtherPage({ body: parseJson(body), headers: {}, link }, { records: 2, pages: 1 });
const RECORDS = '"data":[{"id":1,"next":"x","total":99},{"id":2}]';

test.each([
  ['{"has_more":true}', 'has_more is true', `{ style: 'page' } or { style: 'offset' }`],
  ['{"meta":{"hasNextPage":true}}', 'meta.hasNextPage is true', `{ style: 'page' } or { style: 'offset' }`],
  ['{"next_cursor":"abc"}', 'next_cursor has a value', `{ style: 'cursor', cursor_path: 'next_cursor' }`],
  ['{"meta":{"nextToken":"abc"}}', 'meta.nextToken has a value', `{ style: 'cursor', cursor_path: 'meta.nextToken' }`],
  ['{"links":{"next":"https://x/y"}}', 'links.next has a value', `{ style: 'next-link', link_path: 'links.next' }`],
  ['{"_links":{"next":{"href":"/y"}}}', '_links.next has a value', `{ style: 'next-link', link_path: '_links.next' }`],
  [
    '{"@odata.nextLink":"https://x"}',
    '@odata.nextLink has a value',
    `{ style: 'next-link', link_path: '@odata.nextLink' }`,
  ],
  ['{"next_page":2}', 'next_page is 2', `{ style: 'page' }`],
  ['{"total":5000}', 'total is 5000, and 2 were read', `{ style: 'page' } or { style: 'offset' }`],
  ['{"meta":{"total_count":3}}', 'meta.total_count is 3, and 2 were read', `{ style: 'page' } or { style: 'offset' }`],
  [
    '{"totalSize":5000,"nextRecordsUrl":"/y"}',
    'totalSize is 5000, and 2 were read',
    `{ style: 'page' } or { style: 'offset' }`,
  ],
  [
    '{"paging":{"next":{"after":"abc","link":"/y"}}}',
    'paging.next.link has a value',
    `{ style: 'next-link', link_path: 'paging.next.link' }`,
  ],
  ['{"next_page_uri":"/y"}', 'next_page_uri has a value', `{ style: 'next-link', link_path: 'next_page_uri' }`],
  [
    '{"meta":{"pagination":{"links":{"next":"/y"}}}}',
    'meta.pagination.links.next has a value',
    `{ style: 'next-link', link_path: 'meta.pagination.links.next' }`,
  ],
  [
    '{"response":{"paging":{"has_more":true}}}',
    'response.paging.has_more is true',
    `{ style: 'page' } or { style: 'offset' }`,
  ],
  ['{"total":"5000"}', 'total is 5000, and 2 were read', `{ style: 'page' } or { style: 'offset' }`],
  ['{"last":false}', 'last is false', `{ style: 'page' } or { style: 'offset' }`],
  ['{"page":{"totalPages":4}}', 'page.totalPages is 4', `{ style: 'page' } or { style: 'offset' }`],
])('the envelope %s says that the list goes on', (envelope, sign, paging) => {
  expect(found(`${envelope.slice(0, -1)},${RECORDS}}`)).toEqual({ sign, paging });
});

test.each([
  '{"has_more":false}',
  '{"next_cursor":null}',
  '{"next_cursor":""}',
  '{"links":{"next":null,"prev":"https://x"}}',
  '{"total":2}',
  '{"count":1}',
  '{"total_pages":1}',
  '{"cursor":"of this page"}',
  '{"nextSteps":"call us"}',
  '{"total_amount":5000}',
])('the envelope %s does not', (envelope) => {
  expect(found(`${envelope.slice(0, -1)},${RECORDS}}`)).toBeUndefined();
});

test('a Link header does; a list without an envelope does not, whatever its records say', () => {
  expect(found('[]', 'https://x')).toEqual({
    sign: 'its Link header names a next page',
    paging: `{ style: 'next-link' }`,
  });
  expect(found('[{"has_more":true,"next":"x"}]')).toBeUndefined();
});

test.each([
  [{ 'x-total-count': '3' }, 'its header x-total-count says 3'],
  [{ 'x-wp-totalpages': '2' }, 'its header x-wp-totalpages says 2'],
  [{ 'content-range': 'items 0-1/50' }, 'its header content-range says 50'],
  [{ 'x-total-count': '2', 'x-total-pages': '1', 'content-range': 'items 0-1/*' }, undefined],
  [{ 'x-total-count': 'many' }, undefined],
])('the headers %j: %s', (headers, sign) => {
  const read = { records: 2, pages: 1 };
  expect(furtherPage({ body: parseJson('[]'), headers, link: undefined }, read)?.sign).toBe(sign);
});
