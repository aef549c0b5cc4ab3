import { BronzeError } from '@bronze/common/words/failure';

/** This machine, where nobody else listens in: a name or address of its own, or the folder of a Unix socket. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1|\[::1\]|\/.*|%2f.*|)$/i;

/** What `pg` understands. All but `disable` use TLS; all but `no-verify` check the server's certificate and name. */
const SSL_MODES: ReadonlySet<string> = new Set([
  'disable',
  'prefer',
  'require',
  'verify-ca',
  'verify-full',
  'no-verify',
]);
const VERIFIED = 'verify-full';
/** To `pg` these mean `verify-full`, and it warns of that on stderr, unless libpq's meanings are asked for. */
const MEANS_VERIFIED: ReadonlySet<string> = new Set(['prefer', 'require', 'verify-ca']);

/** Each of these ends the part of a URL in which the password stands. */
const ENCODED: Readonly<Record<string, string>> = { '@': '%40', '/': '%2F', '?': '%3F', '#': '%23' };

/**
 * The connection URL, checked before anybody is called by it, and with the `sslmode` that holds. A URL that says none
 * asks for TLS with a verified certificate, unless its server is on this machine: only `sslmode=disable` sends a
 * password in the clear.
 *
 * @param default_host whom `pg` calls if the URL names no host: `PGHOST`
 * @throws BronzeError CONFIG_INVALID, which says what is wrong and repeats nothing of the URL
 */
export function checkedUrl(url: string, default_host: string): string {
  if (!/^postgres(?:ql)?:\/\//.test(url)) throw wrong('does not begin with postgresql://');
  assertUnambiguous(url);
  const parsed = URL.parse(url) ?? URL.parse(url.replace('@/', '@localhost/'));
  if (!parsed) throw wrong('is not a URL');
  const [start = '', query = ''] = url.split('?', 2);
  const params = new URLSearchParams(query);
  const mode = sslModeIn(params) ?? (isLocal(parsed, params, default_host) ? undefined : VERIFIED);
  for (const name of namesOfSslMode(params)) params.delete(name);
  if (mode !== undefined) params.set('sslmode', meantBy(mode, params));
  return params.size === 0 ? start : `${start}?${params.toString()}`;
}

/** What nobody may read of a connection URL: itself, its password in both spellings, and what its parameters say. */
export function secretsInUrl(url: string): string[] {
  const [, after = ''] = url.split('://', 2);
  const login = after.slice(0, Math.max(0, after.lastIndexOf('@')));
  const password = login.slice(login.indexOf(':') + 1);
  // Where an @, /, ? or # in the password was not escaped, each part may be taken for a host, a path or a parameter.
  const parts = password.split(/[@/?#]/);
  const params = new URLSearchParams(after.split('?', 2)[1]);
  const values = [...params].filter(([name]) => !PUBLIC.has(name.toLowerCase())).map(([, value]) => value);
  const secrets = login.includes(':') ? [password, ...parts] : [];
  return [...new Set([url, ...secrets.flatMap((one) => [one, decoded(one)]), ...values])];
}

/** Parameters that hold no secret, whose values are ordinary words. */
const PUBLIC: ReadonlySet<string> = new Set(['sslmode', 'host', 'port', 'application_name', 'uselibpqcompat']);

/** @throws BronzeError CONFIG_INVALID if a part of the password could be taken for a host and be looked up by name */
function assertUnambiguous(url: string): void {
  const after = url.slice(url.indexOf('://') + 3);
  const login = after.slice(0, Math.max(0, after.lastIndexOf('@')));
  const unescaped = [...(after.includes('#') ? `${login}#` : login)].filter((one) => one in ENCODED);
  if (unescaped.length === 0) return;
  const named = [...new Set(unescaped)].map((one) => `${one} as ${ENCODED[one]}`).join(', ');
  throw wrong('has an unescaped character in its user name or password, or behind them', `Escape it: ${named}.`);
}

function namesOfSslMode(params: URLSearchParams): string[] {
  return [...params.keys()].filter((name) => name.toLowerCase() === 'sslmode');
}

/** @throws BronzeError CONFIG_INVALID for a mode that `pg` does not know, or for two that differ */
function sslModeIn(params: URLSearchParams): string | undefined {
  const modes = new Set(
    namesOfSslMode(params).flatMap((name) => params.getAll(name).map((mode) => mode.toLowerCase())),
  );
  modes.delete('');
  const [mode, other] = modes;
  if (other !== undefined || (mode !== undefined && !SSL_MODES.has(mode))) {
    throw wrong('has an sslmode that Bronze does not know', `It knows ${[...SSL_MODES].join(', ')}.`);
  }
  return mode;
}

function meantBy(mode: string, params: URLSearchParams): string {
  const isLibpq = params.get('uselibpqcompat') === 'true';
  return !isLibpq && MEANS_VERIFIED.has(mode) ? VERIFIED : mode;
}

/** `pg` lets the parameter `host` win over the URL's own host. */
function isLocal({ hostname }: URL, params: URLSearchParams, default_host: string): boolean {
  const host = params.getAll('host').at(-1) || decoded(hostname) || default_host;
  return LOOPBACK.test(host);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function wrong(what: string, how = ''): BronzeError {
  const form = 'Write it as postgresql://user:password@host:5432/database, with the password percent-encoded.';
  return new BronzeError('CONFIG_INVALID', {
    message: `the connection URL of the source ${what}`,
    hint: how === '' ? form : `${how} ${form}`,
  });
}
