import { BronzeError } from '@bronze/common/words/failure';
import { type Environment, resolve } from '@bronze/common/reference';
import type { RestSourceConfig } from '@bronze/common/config/rest';

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** @throws BronzeError CONFIG_INVALID for what is no URL, or would carry the API key in the clear */
export function baseUrl(config: RestSourceConfig, environment: Environment, hasSecrets: boolean): string {
  const url = URL.parse(resolve(config.base_url, environment));
  if (!url) throw wrong('is no URL');
  if (url.username !== '' || url.password !== '') throw wrong('has a user in it');
  if (url.search !== '' || url.hash !== '') throw wrong('has a query or a fragment');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw wrong('is neither https nor http');
  if (url.protocol === 'http:' && hasSecrets && !LOOPBACK.test(url.hostname)) {
    throw wrong('is plain http: the API key, or a header, could be read on its way');
  }
  return url.href;
}

function wrong(what: string): BronzeError {
  return new BronzeError('CONFIG_INVALID', {
    message: `base_url ${what}`,
    hint: 'Give it as https://host/path. Plain http is for loopback, or for APIs without a key.',
  });
}
