import type { FailureCode } from '@bronze/common/words/failure';

/** Node's and OpenSSL's codes for a certificate whose issuer is not trusted. */
const ISSUER_UNKNOWN =
  /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(?:VERIFY|GET_ISSUER)|CERT_UNTRUSTED)/;
const NAME_DIFFERS = 'ERR_TLS_CERT_ALTNAME_INVALID';
const OTHER_CERTIFICATE = /^(?:ERR_TLS_CERT_|CERT_)/;
const WITHOUT_TLS = /server does not support SSL/;

/** The line that was looked for: `…, no encryption`, or `…, SSL off` before PostgreSQL 14. */
const UNENCRYPTED = /pg_hba\.conf.*(?:no encryption|SSL off)/;

/** PostgreSQL says 53300, poolers a code of their own: PgBouncer 08P01, Supavisor XX000. */
const CONNECTION_LIMIT = /^no more connections allowed|max clients? (?:connections? )?reached/i;

const RAISED = 'A function that a view calls raised it. Its text may hold values, and is in the database’s log.';

/** What makes the statement work again, by SQLSTATE or its class. Longest match wins. */
const BY_SQLSTATE: Readonly<Record<string, string>> = {
  '22': 'A view computes this from a value that does not allow it. Correct the view, or leave such rows out of it; the same query in psql shows the value.',
  '22021': 'A text of the table is no text in its encoding. Correct it at the source.',
  '22P05': 'Correct the text at the source, or give its bytes in a view, as bytea: convert_to(column, …).',
  '28000': 'May this user log in (ALTER ROLE … LOGIN), and from this host (pg_hba.conf)?',
  '28P01':
    'Correct the user or the password in the connection URL or its secret. Characters such as % in a password are percent-encoded.',
  '38': RAISED,
  '39': RAISED,
  '3D000': 'Correct the database’s name, at the end of the connection URL.',
  '42501':
    'Grant it to the role that Bronze connects as. What a view reads needs a grant to the view’s owner, or to that role if the view has security_invoker.',
  '53300':
    'Set max_connections of the source to what its role and server leave for Bronze, or raise their limits (ALTER ROLE … CONNECTION LIMIT …). What else is connected?',
  '57P03': 'Bronze waits for it. If it persists, look at the database’s log.',
  P0: RAISED,
};

const BY_CODE: Readonly<Partial<Record<FailureCode, string>>> = {
  SOURCE_INTERRUPTED: 'Bronze retries it from the last batch. If it persists, look at the database’s log and its load.',
  SOURCE_UNREACHABLE: 'Is the database running? Check its host, port and security group from where Bronze runs.',
  SOURCE_TIMEOUT:
    'Raise statement_timeout_seconds of the source, or lower slice_rows of the entity; look for locks on the table.',
  SOURCE_DENIED: 'Check the user and the password of the source, and what its role may read.',
  TABLE_MISSING: 'Was the table dropped or renamed? Change table of the entity, or set enabled: false.',
  COLUMN_MISSING: 'Was a column dropped or renamed? Compare the entity’s settings with the table.',
  SOURCE_REJECTED: 'The database refused the query; its message says why.',
};

/** Row-level security, in the words of the server's `row_security = off`. The name is a literal of the code. */
const ROW_SECURITY = /row-level security/;

/** What to do about an error of the driver, the network or the server. */
export function remedyFor(failure: FailureCode, sqlstate: string, message: string): string {
  if (isConnectionLimit(sqlstate, message)) return BY_SQLSTATE['53300'] ?? '';
  const special = tlsRemedy(sqlstate, message) ?? accessRemedy(sqlstate, message);
  if (special !== undefined) return special;
  return BY_SQLSTATE[sqlstate] ?? BY_SQLSTATE[sqlstate.slice(0, 2)] ?? BY_CODE[failure] ?? '';
}

function tlsRemedy(code: string, message: string): string | undefined {
  if (WITHOUT_TLS.test(message)) {
    return 'Switch TLS on at the server (ssl = on). Where nobody can listen in, sslmode=disable in the connection URL does without: the password is then sent in the clear.';
  }
  if (code === '28000' && UNENCRYPTED.test(message)) {
    return 'If the server takes no connection without TLS, add sslmode=verify-full to the connection URL: see Connections and TLS in docs/configuration.md. Otherwise add a line for this host, user and database to its pg_hba.conf.';
  }
  if (ISSUER_UNKNOWN.test(code)) {
    return 'The server’s certificate is from an authority that is not known here. Add sslrootcert=/path/to/ca.pem to the connection URL; sslmode=no-verify encrypts without verifying.';
  }
  if (code === NAME_DIFFERS) {
    return 'Connect by a name that is in the server’s certificate. uselibpqcompat=true&sslmode=verify-ca, with sslrootcert, checks its authority and not its name; sslmode=no-verify encrypts without verifying.';
  }
  if (!OTHER_CERTIFICATE.test(code)) return undefined;
  return 'Renew the server’s certificate. sslmode=no-verify in the connection URL encrypts without verifying.';
}

function accessRemedy(code: string, message: string): string | undefined {
  if (NO_PASSWORD.test(message)) {
    return 'Write the connection URL as postgresql://user:password@host:5432/database, with the password percent-encoded.';
  }
  if (code !== '42501' || !ROW_SECURITY.test(message)) return undefined;
  return 'Row-level security would hide rows without a word. Let the role read all (ALTER ROLE … BYPASSRLS), or read a view of the table’s owner.';
}

/** What `pg` says where the server asks for a password and the URL has none. */
const NO_PASSWORD = /client password must be a/;

/** Whether nobody gave a password. */
export function isWithoutPassword(message: string): boolean {
  return NO_PASSWORD.test(message);
}

/** Whether the server, or the pooler before it, has as many connections as it takes. */
export function isConnectionLimit(sqlstate: string, message: string): boolean {
  return sqlstate === '53300' || CONNECTION_LIMIT.test(message);
}

/** Whether the server has no TLS, which waiting doesn't change. */
export function isWithoutTls(message: string): boolean {
  return WITHOUT_TLS.test(message);
}
