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

test.each([
  ['PostgreSQL', '53300', 'too many connections for role "narrow"'],
  ['PostgreSQL', '53300', 'remaining connection slots are reserved for roles with the SUPERUSER attribute'],
  ['PgBouncer', '08P01', 'no more connections allowed (max_client_conn)'],
  [
    'Supavisor',
    'XX000',
    'MaxClientsInSessionMode: max clients reached - in Session mode max clients are limited to 15',
  ],
])('too many connections for %s (%s) are an interruption, and the hint names the setting', (_, code, message) => {
  const failure = sourceFailure('connecting to db', Object.assign(new Error(message), { code }));
  expect(failure).toMatchObject({ code: 'SOURCE_INTERRUPTED', kind: 'transient' });
  expect(failure.hint).toContain('max_connections');
});

test('a server without TLS is no interruption: nobody waits for it to have some', () => {
  const failure = sourceFailure('connecting to db', new Error('The server does not support SSL connections'));
  expect(failure).toMatchObject({ code: 'SOURCE_REJECTED', kind: 'permanent' });
  expect(failure.hint).toContain('sslmode');
});

test.each([
  'no pg_hba.conf entry for host "10.0.0.7", user "canary", database "shop", no encryption',
  'no pg_hba.conf entry for host "10.0.0.7", user "canary", database "shop", SSL off',
  'pg_hba.conf rejects connection for host "10.0.0.7", user "canary", database "shop", no encryption',
])('%s: the server wants TLS, and the hint says what to add to the URL', (message) => {
  const failure = sourceFailure('reading orders', Object.assign(new Error(message), { code: '28000' }));
  expect(failure.code).toBe('SOURCE_DENIED');
  expect(failure.message).toMatch(/no connection without TLS/);
  expect(failure.message).not.toMatch(/canary|10\.0/);
  expect(failure.hint).toMatch(/^Add sslmode=verify-full/);
});

test('no entry in pg_hba.conf for an encrypted connection says nothing of TLS', () => {
  const message = 'no pg_hba.conf entry for host "10.0.0.7", user "u", database "shop", SSL encryption';
  const failure = sourceFailure('reading orders', Object.assign(new Error(message), { code: '28000' }));
  expect(failure.message).toMatch(/: the database refused it \(SQLSTATE 28000\)$/);
  expect(failure.hint).not.toContain('sslmode');
});
