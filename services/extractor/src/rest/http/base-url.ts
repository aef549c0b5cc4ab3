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

function wrong(what: string): BronzeError {
  return new BronzeError('CONFIG_INVALID', {
    message: `base_url ${what}`,
    hint: 'Write it as https://host/path. Plain http is for loopback, or for APIs without a key.',
  });
}
