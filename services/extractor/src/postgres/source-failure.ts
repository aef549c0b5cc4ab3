import { BronzeError, type FailureCode } from '@bronze/common/words/failure';
import { NOT_REACHED } from '../unreachable.ts';
import { isConnectionLimit as isLimit, isWithoutPassword, isWithoutTls, remedyFor } from './remedies.ts';
import { type DriverError, wordsOf } from './server-words.ts';

/** SQLSTATE classes and codes: PostgreSQL documentation, appendix A. Longest match wins. */
const BY_SQLSTATE: Readonly<Record<string, FailureCode>> = {
  '08': 'SOURCE_INTERRUPTED',
  '22021': 'ENCODING_UNSUPPORTED',
  '22P05': 'ENCODING_UNSUPPORTED',
  // idle_in_transaction_session_timeout and transaction_timeout, which a role or a database may set.
  '25P03': 'SOURCE_INTERRUPTED',
  '25P04': 'SOURCE_INTERRUPTED',
  '28': 'SOURCE_DENIED',
  '3D000': 'DATABASE_MISSING',
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

/** Node's own codes, such as EPIPE, have no digit. */
const SQLSTATE = /^(?=.*\d)[0-9A-Z]{5}$/;

/** `ENOENT`: there is no such socket file. */
const UNREACHABLE: ReadonlySet<string> = new Set([...NOT_REACHED, 'ENOENT']);
const INTERRUPTED = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED']);

/** What `pg` says if a connection is not there in time, and what Node and `pg` say in the words of programmers. */
const NO_ANSWER = 'timeout expired';
const REWORDED: readonly (readonly [RegExp, string])[] = [
  [/^timeout expired$/, 'the server did not answer in time'],
  [/^.*client password must be a.*$/, 'the server asks for a password, and the source has none'],
  // Node advises an option of its own, which is not ours.
  [/; if the root CA is installed locally.*$/, ''],
  [/ is not in the cert's list: $/, ' is not in the list, which is empty'],
];

/**
 * Translates an error of the driver or the network, in its own words; a BronzeError is returned as it is. Values of rows
 * are left out (see `server-words.ts`), and whoever knows the secrets hides them.
 *
 * @param doing what failed, such as `reading orders`
 */
export function sourceFailure(doing: string, thrown: unknown): BronzeError {
  if (thrown instanceof BronzeError) return thrown;
  const error = describe(thrown);
  const { code, message } = error;
  const failure = codeOf(code, message);
  const state = SQLSTATE.test(code) ? ` (SQLSTATE ${code})` : '';
  const words = REWORDED.reduce((text, [pattern, plain]) => text.replace(pattern, plain), wordsOf(error));
  return new BronzeError(failure, {
    message: `${doing}: ${words}${state}`,
    hint: remedyFor(failure, code, message),
  });
}

/** Whether the server refused a connection because there are too many. */
export function isConnectionLimit(thrown: unknown): boolean {
  const { code, message } = describe(thrown);
  return isLimit(code, message);
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
  if (isLimit(code, message)) return 'SOURCE_INTERRUPTED';
  if (isWithoutTls(message)) return 'SOURCE_REJECTED';
  if (isWithoutPassword(message)) return 'SOURCE_DENIED';
  if (UNREACHABLE.has(code) || message === NO_ANSWER) return 'SOURCE_UNREACHABLE';
  if (INTERRUPTED.has(code)) return 'SOURCE_INTERRUPTED';
  for (const length of [5, 3, 2]) {
    const known = BY_SQLSTATE[code.slice(0, length)];
    if (SQLSTATE.test(code) && known) return known;
  }
  // node-postgres sets no code if the connection ends during a query.
  return /connection|terminated|timeout/i.test(message) && code === '' ? 'SOURCE_INTERRUPTED' : 'SOURCE_REJECTED';
}

function describe(thrown: unknown): DriverError {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return describe(thrown.errors[0]);
  if (!(thrown instanceof Error)) return { code: '', message: String(thrown), routine: '' };
  const [code, routine] = ['code', 'routine'].map((name): unknown => Reflect.get(thrown, name));
  return {
    code: typeof code === 'string' ? code : '',
    message: thrown.message,
    routine: typeof routine === 'string' ? routine : '',
  };
}
