import { BronzeError } from '@bronze/common/words/failure';
import { type Environment, resolve } from '@bronze/common/reference';
import type { RestSourceConfig } from '@bronze/common/config/rest';

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * The configured `base_url`, resolved and checked.
 *
 * @param hasSecrets whether requests carry an API key, or a header whose value is a reference
 * @throws BronzeError CONFIG_INVALID if it is not a URL, or would carry a secret in the clear
 */
export function baseUrl(config: RestSourceConfig, environment: Environment, hasSecrets: boolean): string {
  const url = URL.parse(resolve(config.base_url, environment));
  if (!url) throw wrong('is not a URL');
  if (url.username !== '' || url.password !== '') throw wrong('has a user name or password in it');
  if (url.search !== '' || url.hash !== '') throw wrong('has a query or a fragment');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw wrong('is neither https nor http');
  if (url.protocol === 'http:' && hasSecrets && !LOOPBACK.test(url.hostname)) {
    throw wrong('is plain http: the API key or a header could be read in transit');
  }
  return url.href;
}

/** Dates and versions, such as `2024-01` and `v1.2`: they say nothing, and hiding them would spoil other texts. */
const VERSION = /^(?:v?\d{1,3}(?:\.\d{1,3})*|\d{4}-\d{2}(?:-\d{2})?)$/i;

/**
 * What nobody may read of a `base_url` that is kept in the environment: some APIs have a token in its path. That is the
 * path as a whole and each part of it, but for words that the configuration says in the clear.
 *
 * @param url as {@link baseUrl} gives it
 * @param said the configuration's texts with such words
 */
export function secretsInPath(url: string, said: readonly string[]): string[] {
  const path = new URL(url).pathname.replace(/\/$/, '');
  const clear = new Set(
    said.flatMap((text) => [text, ...text.split(/[^\w.~-]+/), ...text.split(/[\W_]+/)]).map((one) => one.toLowerCase()),
  );
  // `bot110201543:AAHdqTcv` of one API, `key=…;v=1` of another.
  const parts = path.split('/').flatMap((segment) => [segment, ...decoded(segment).split(/[:;,=&@]/)]);
  const secrets = parts.filter((part) => part !== '' && !clear.has(part.toLowerCase()) && !VERSION.test(part));
  return secrets.length === 0 ? [] : [...new Set([path, ...secrets].flatMap((one) => [one, decoded(one)]))];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function wrong(what: string): BronzeError {
  return new BronzeError('CONFIG_INVALID', {
    message: `base_url ${what}`,
    hint: 'Write it as https://host/path. Plain http is for loopback, or for APIs without a key.',
  });
}
