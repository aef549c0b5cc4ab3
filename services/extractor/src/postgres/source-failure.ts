import { BronzeError, type FailureCode } from '@bronze/common/words/failure';
import { NOT_REACHED } from '../unreachable.ts';

/** SQLSTATE classes and codes: PostgreSQL documentation, appendix A. Longest match wins. */
const BY_SQLSTATE: Readonly<Record<string, FailureCode>> = {
  '08': 'SOURCE_INTERRUPTED',
  // idle_in_transaction_session_timeout and transaction_timeout, which a role or a database may set.
  '25P03': 'SOURCE_INTERRUPTED',
  '25P04': 'SOURCE_INTERRUPTED',
  '28': 'SOURCE_DENIED',
  '3D000': 'SOURCE_DENIED',
  '40': 'SOURCE_INTERRUPTED',
  '42501': 'SOURCE_DENIED',
  '42P01': 'TABLE_MISSING',
  '3F000': 'TABLE_MISSING',
  '42703': 'COLUMN_MISSING',
  '53': 'SOURCE_INTERRUPTED',
  '55P03': 'SOURCE_TIMEOUT',
  '57014': 'SOURCE_TIMEOUT',
  '57P': 'SOURCE_INTERRUPTED',
  '58': 'SOURCE_INTERRUPTED',
};

/** Messages of these SQLSTATEs repeat their input: values of rows, or user and database names from a mangled URL. */
const REPEATS_INPUT = /^(?:22...|28...|3D000)$/;

/** `ENOENT`: there is no such socket file. */
const UNREACHABLE: ReadonlySet<string> = new Set([...NOT_REACHED, 'ENOENT']);
const INTERRUPTED = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED']);

const HINTS: Readonly<Partial<Record<FailureCode, string>>> = {
  SOURCE_INTERRUPTED: 'Bronze retries it from the last batch. If it persists, look at the database’s log and its load.',
  SOURCE_UNREACHABLE: 'Is the database running? Check its host, port and security group from where Bronze runs.',
  SOURCE_TIMEOUT:
    'Raise statement_timeout_seconds of the source, or lower slice_rows of the entity; look for locks on the table.',
  SOURCE_DENIED:
    'Check user, password and database name, and GRANT SELECT on the table to that role. Row-level security must not apply to that role.',
  TABLE_MISSING:
    'Was the table dropped or renamed? Change table of the entity in bronze.config.ts, or set enabled: false.',
  COLUMN_MISSING: 'Was a column dropped or renamed? Compare bronze.config.ts with the table.',
  SOURCE_REJECTED: 'The database refused the query; its message says why.',
};

/** Node's and OpenSSL's codes for a certificate that was not accepted. */
const CERTIFICATE_REFUSED =
  /^(?:ERR_TLS_CERT_|CERT_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(?:VERIFY|GET_ISSUER))/;
const WITHOUT_TLS = /server does not support SSL/;

/** PostgreSQL says 53300, poolers a code of their own: PgBouncer 08P01, Supavisor XX000. */
const CONNECTION_LIMIT = /^no more connections allowed|max clients? (?:connections? )?reached/i;
const CONNECTION_LIMIT_HINT =
  'Set max_connections of the source to what its role and server leave for Bronze, or raise their limits (ALTER ROLE … CONNECTION LIMIT …). What else is connected?';

const TLS_HINT =
  'Bronze connects by TLS and verifies the certificate, as sslmode=verify-full says. For a private authority add sslrootcert=/path/to/ca.pem to the URL; sslmode=no-verify (or uselibpqcompat=true&sslmode=require) encrypts without verifying. Only sslmode=disable sends the password in the clear.';

/**
 * Translates an error of the driver or the network; a BronzeError is returned as it is. It takes over only the primary
 * message, and not of every SQLSTATE: details may contain rows, and the connection a password.
 *
 * @param doing what failed, such as `reading orders`
 */
export function sourceFailure(doing: string, thrown: unknown): BronzeError {
  if (thrown instanceof BronzeError) return thrown;
  const { code, message } = describe(thrown);
  if (code === '28000' && UNENCRYPTED.test(message)) return wantsTls(doing);
  const failure = codeOf(code, message);
  const state = code && /^[0-9A-Z]{5}$/.test(code) ? ` (SQLSTATE ${code})` : '';
  const text = REPEATS_INPUT.test(code) ? 'the database refused it' : message;
  return new BronzeError(failure, { message: `${doing}: ${text}${state}`, hint: hintOf(failure, thrown) });
}

/** Whether the server refused a connection because there are too many. */
export function isConnectionLimit(thrown: unknown): boolean {
  const { code, message } = describe(thrown);
  return code === '53300' || CONNECTION_LIMIT.test(message);
}

function hintOf(failure: FailureCode, thrown: unknown): string {
  const { code, message } = describe(thrown);
  if (CERTIFICATE_REFUSED.test(code) || WITHOUT_TLS.test(message)) return TLS_HINT;
  return isConnectionLimit(thrown) ? CONNECTION_LIMIT_HINT : (HINTS[failure] ?? '');
}

/** The line that was looked for: `…, no encryption`, or `…, SSL off` before PostgreSQL 14. The rest repeats the input. */
const UNENCRYPTED = /pg_hba\.conf.*(?:no encryption|SSL off)/;

function wantsTls(doing: string): BronzeError {
  return new BronzeError('SOURCE_DENIED', {
    message: `${doing}: the database takes no connection without TLS from this user and host (SQLSTATE 28000)`,
    hint: 'Add sslmode=verify-full to the URL; see Connections and TLS in docs/configuration.md. If the server has no TLS, its pg_hba.conf lacks a line for this host, user and database.',
  });
}

/** Whether reconnecting and resuming after the last batch may help. */
export function isInterruption(failure: BronzeError): boolean {
  return (
    failure.code === 'SOURCE_INTERRUPTED' ||
    failure.code === 'SOURCE_UNREACHABLE' ||
    failure.code === 'ROW_COUNT_MISMATCH'
  );
}

function codeOf(code: string, message: string): FailureCode {
  if (CONNECTION_LIMIT.test(message)) return 'SOURCE_INTERRUPTED';
  if (WITHOUT_TLS.test(message)) return 'SOURCE_REJECTED';
  if (UNREACHABLE.has(code)) return 'SOURCE_UNREACHABLE';
  if (INTERRUPTED.has(code)) return 'SOURCE_INTERRUPTED';
  for (const length of [5, 3, 2]) {
    const known = BY_SQLSTATE[code.slice(0, length)];
    if (code.length === 5 && known) return known;
  }
  // node-postgres sets no code if the connection ends during a query.
  return /connection|terminated|timeout/i.test(message) && code === '' ? 'SOURCE_INTERRUPTED' : 'SOURCE_REJECTED';
}

function describe(thrown: unknown): { code: string; message: string } {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return describe(thrown.errors[0]);
  if (!(thrown instanceof Error)) return { code: '', message: String(thrown) };
  const code: unknown = Reflect.get(thrown, 'code');
  return { code: typeof code === 'string' ? code : '', message: thrown.message };
}
