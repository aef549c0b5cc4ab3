import { expect, test } from 'vitest';
import { entityWith } from '../endpoint.fixtures.ts';
import { parseJson } from '../records/json-node.ts';
import { isListLeftOut } from './left-out-list.ts';
import { checkPaging } from './paging.ts';

const entity = entityWith({ records_path: 'data' });

test.each([
  '{}',
  'null',
  '{"page":4,"total":300}',
  '{"next":null,"has_more":false}',
  '{"success":true,"is_last":true}',
])('behind other pages, %s leaves its list out because it is empty', (body) => {
  expect(isListLeftOut(entity, parseJson(body), true)).toBe(true);
});

test.each([
  '{"isError":true,"requestId":"r1"}',
  '{"is_success":false}',
  '{"has_errors":true,"page":3,"total":1000}',
  '{"next_error":"upstream timed out","result":null}',
  '{"total":1000,"page":3,"next":"/things?page=4"}',
  '{"is_last":false,"page":3}',
  '{"has_more":true}',
])('%s leaves its list out for another reason', (body) => {
  expect(isListLeftOut(entity, parseJson(body), true)).toBe(false);
});

const withCursor = { style: 'cursor', size: 100 } as const;
const withLink = { style: 'next-link', size: 100 } as const;

test.each([
  [withCursor, '{"data":[1],"meta":{"next_cursor":"50"}}', 'meta.next_cursor'],
  [withLink, '{"data":[1],"next":"/things?page=2"}', 'next'],
  [{ ...withLink, link_path: 'next' } as const, '{"data":[1],"nextPageToken":"abc"}', 'nextPageToken'],
])('a first page smaller than asked for, and a next page named where %j does not look, is a wrong path', (...given) => {
  const [paging, body, place] = given;
  const answer = { url: '', body: parseJson(body), headers: {} };
  expect(() => checkPaging(entityWith({ paging }), answer, 50)).toThrowError(
    expect.objectContaining({ code: 'RECORDS_MISSING', hint: expect.stringContaining(`'${place}'`) as string }),
  );
});

test('a first page smaller than asked for that names no next page is the whole list, whatever it counts', () => {
  const answer = { url: '', body: parseJson('{"data":[1],"total":5000}'), headers: {} };
  expect(() => checkPaging(entityWith({ paging: withCursor }), answer, 50)).not.toThrow();
});
