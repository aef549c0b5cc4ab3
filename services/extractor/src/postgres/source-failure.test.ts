import { expect, test } from 'vitest';
import { isInterruption, sourceFailure } from './source-failure.ts';

const failureOf = (code: string) =>
  sourceFailure('reading orders', Object.assign(new Error('terminating connection'), { code }));

test.each([
  ['idle_in_transaction_session_timeout', '25P03'],
  ['transaction_timeout, since PostgreSQL 17', '25P04'],
  ['idle_session_timeout', '57P05'],
  ['admin_shutdown', '57P01'],
  ['connection_failure', '08006'],
])('%s is an interruption: the slice goes on from its last batch', (_, code) => {
  expect(failureOf(code).code).toBe('SOURCE_INTERRUPTED');
  expect(isInterruption(failureOf(code))).toBe(true);
});

test.each([
  ['lock_not_available', '55P03', 'SOURCE_TIMEOUT'],
  ['query_canceled', '57014', 'SOURCE_TIMEOUT'],
  ['insufficient_privilege', '42501', 'SOURCE_DENIED'],
  ['undefined_column', '42703', 'COLUMN_MISSING'],
])('%s is not', (_, code, failure) => {
  expect(failureOf(code).code).toBe(failure);
  expect(isInterruption(failureOf(code))).toBe(false);
});
