import { expect, test } from 'vitest';
import { JsonObject, parseJson } from '../records/json-node.ts';
import { SeenRecords } from './seen-records.ts';

function record(json: string): JsonObject {
  const node = parseJson(json);
  if (!(node instanceof JsonObject)) throw new Error('the text is not an object');
  return node;
}

test.each(['{"at":"1","x":%}', '{"id":null,"at":"1","x":%}', '{"id":"a","part":null,"at":"1","x":%}'])(
  'records without a key are told apart by their content: %s',
  (shape) => {
    const [first, second] = [record(shape.replace('%', '1')), record(shape.replace('%', '2'))];
    const seen = new SeenRecords({ primary_key: ['id', 'part'], cursor: 'at', exclude: [] }, []);
    expect(seen.unseen([first], 0)).toEqual([first]);
    expect(seen.has(second)).toBe(false);
    expect(seen.unseen([first, second], 2)).toEqual([second]);
  },
);
