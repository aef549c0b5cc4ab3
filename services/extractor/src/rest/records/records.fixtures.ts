import type { BronzeError } from '@bronze/common/words/failure';
import { entityWith } from '../endpoint.fixtures.ts';
import { JsonObject, parseJson } from './json-node.ts';

export function recordsOf(...texts: string[]): JsonObject[] {
  return texts.map((text) => {
    const node = parseJson(text);
    if (!(node instanceof JsonObject)) throw new Error('the text is not an object');
    return node;
  });
}

/** What the action throws. */
export function failureOf(action: () => void): Pick<BronzeError, 'code' | 'message' | 'hint'> | undefined {
  try {
    action();
    return undefined;
  } catch (thrown) {
    return thrown as BronzeError;
  }
}

/** An endpoint whose event date is `at`. */
export const dated = (type?: string) =>
  entityWith({ event_date: 'at', ...(type !== undefined && { columns: { at: type } }) });
