import { expect, test } from 'vitest';
import { errorName, isDenied, statusOf } from './aws-error.ts';

const answered = (name: string, httpStatusCode: number) =>
  Object.assign(new Error('arn:aws:…'), { name, $metadata: { httpStatusCode } });

test.each([
  ['AccessDenied', 403, true],
  ['SignatureDoesNotMatch', 403, true],
  ['AccessDeniedException', 400, true],
  ['ExpiredToken', 403, false],
  ['RequestTimeTooSkewed', 403, false],
  ['SlowDown', 503, false],
])('isDenied of %s with status %i is %s', (name, status, denied) => {
  const thrown = answered(name, status);
  expect([isDenied(thrown), errorName(thrown), statusOf(thrown)]).toEqual([denied, name, status]);
});

test('an error without an answer is named by its code, and anything that was thrown has a name', () => {
  expect(errorName(Object.assign(new Error('connect …'), { code: 'ECONNREFUSED' }))).toBe('ECONNREFUSED');
  expect([errorName('text'), errorName(undefined), statusOf(null)]).toEqual(['unknown', 'unknown', undefined]);
});
