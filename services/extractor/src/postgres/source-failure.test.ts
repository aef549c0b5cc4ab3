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
  expect(failure.hint).toContain('sslmode=disable');
});

const refusal = (code: string, message: string, more = {}) =>
  sourceFailure('reading orders', Object.assign(new Error(message), { code, ...more }));

test.each([
  ['28P01', 'password authentication failed for user "ro"', 'SOURCE_DENIED', /the password/],
  ['28000', 'role "ro" is not permitted to log in', 'SOURCE_DENIED', /ALTER ROLE/],
  ['3D000', 'database "shopp" does not exist', 'DATABASE_MISSING', /end of the connection URL/],
  ['42501', 'permission denied for table base', 'SOURCE_DENIED', /view’s owner/],
  ['42501', 'query would be affected by row-level security policy for table "t"', 'SOURCE_DENIED', /BYPASSRLS/],
  ['42P01', 'relation "shop.orders" does not exist', 'TABLE_MISSING', /enabled: false/],
  ['42703', 'column "total" does not exist', 'COLUMN_MISSING', /renamed/],
  ['22012', 'division by zero', 'SOURCE_REJECTED', /the view/],
  ['57P03', 'the database system is starting up', 'SOURCE_INTERRUPTED', /waits/],
])('%s: the server’s own words stand in the message, with a remedy', (state, message, code, remedy) => {
  const failure = refusal(state, message);
  expect(failure.code).toBe(code);
  expect(failure.message).toBe(`reading orders: ${message} (SQLSTATE ${state})`);
  expect(failure.hint).toMatch(remedy);
});

test.each([
  ['22P02', 'invalid input syntax for type integer: "canary 1"', 'invalid input syntax for type integer: …'],
  ['22P02', 'ungültige Eingabesyntax für Typ integer: »canary«', 'ungültige Eingabesyntax für Typ integer: …'],
  ['22003', 'value "canary" 7: "x" is out of range for type integer', 'value "…" is out of range for type integer'],
  ['22001', 'canaries of 123,456 characters', 'canaries of … characters'],
  ['22007', 'date/time field value out of range: 2024-01-canary', 'date/time field value out of range: …'],
  ['22021', 'invalid byte sequence for encoding "UTF8": 0xca', 'invalid byte sequence for encoding "UTF8"'],
  [
    '22P05',
    'character with byte sequence 0x81 in encoding "WIN1252" has no equivalent in encoding "UTF8"',
    'a text in encoding "WIN1252" has no equivalent in encoding "UTF8"',
  ],
  ['P0001', 'canary has no address', 'a function or procedure raised an error'],
  ['38000', 'canary', 'a function or procedure raised an error'],
  ['22P02', 'invalid input syntax for type integer: "canary\ncanary" x', 'invalid input syntax for type integer: …'],
])('%s: what a data exception quotes is left out: %s', (state, message, shown) => {
  expect(refusal(state, message).message).toBe(`reading orders: ${shown} (SQLSTATE ${state})`);
});

test('what a function raises is left out, whatever SQLSTATE it chose', () => {
  const failure = refusal('42501', 'canary may not be read', { routine: 'exec_stmt_raise' });
  expect(failure).toMatchObject({ code: 'SOURCE_DENIED' });
  expect(failure.message).not.toContain('canary');
});

test.each([
  [
    '28000',
    'no pg_hba.conf entry for host "10.0.0.7", user "u", database "shop", no encryption',
    /sslmode=verify-full/,
  ],
  ['28000', 'no pg_hba.conf entry for host "10.0.0.7", user "u", database "shop", SSL off', /sslmode=verify-full/],
  ['28000', 'no pg_hba.conf entry for host "10.0.0.7", user "u", database "shop", SSL encryption', /pg_hba\.conf/],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate', /sslrootcert/],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'Hostname/IP does not match certificate’s altnames', /verify-ca/],
  ['CERT_HAS_EXPIRED', 'certificate has expired', /Renew/],
  ['', 'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string', /user:password@/],
  ['', 'timeout expired', /security group/],
  ['ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1', /host, port/],
])('%s %s: the hint says what to change', (code, message, remedy) => {
  const failure = refusal(code, message);
  expect(failure.hint).toMatch(remedy);
  expect(failure.message).not.toMatch(/SASL|timeout expired|SQLSTATE [A-Z]+$/);
});

test('only where the connection was not encrypted is TLS what may be missing', () => {
  const message = 'no pg_hba.conf entry for host "10.0.0.7", user "u", database "shop", SSL encryption';
  expect(refusal('28000', message).hint).not.toContain('sslmode');
});

test('codes of the network are no SQLSTATEs', () => {
  expect(refusal('EPIPE', 'write EPIPE')).toMatchObject({
    code: 'SOURCE_INTERRUPTED',
    message: 'reading orders: write EPIPE',
  });
});
