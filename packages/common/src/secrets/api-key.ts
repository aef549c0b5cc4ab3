import { BronzeError } from '../words/failure.ts';

/** The characters that Bronze sends in a header value: RFC 9110's visible ones. */
const HEADER_VALUE = /^[\x21-\x7e]+$/;

/** The API key in a secret: the bare key, or JSON such as `{"api_key": "…"}`. @throws BronzeError SECRET_UNREADABLE */
export function apiKeyIn(secret: string): string {
  const key = bareKey(secret.trim());
  if (HEADER_VALUE.test(key)) return key;
  const scheme = SCHEMES.find((one) => key.toLowerCase().startsWith(`${one.toLowerCase()} `));
  if (scheme !== undefined) throw withScheme(scheme);
  throw new BronzeError('SECRET_UNREADABLE', {
    message:
      key === '' ? 'the secret holds no API key' : 'the API key in the secret has characters that a header can’t carry',
    hint: 'The secret should be the key itself, or JSON such as {"api_key": "…"}.',
  });
}

/** Schemes of the Authorization header, with which people keep a token: RFC 9110, 11.1. */
const SCHEMES = ['Basic', 'Bearer', 'Token', 'ApiKey'] as const;

function withScheme(scheme: string): BronzeError {
  return new BronzeError('SECRET_UNREADABLE', {
    message: `the secret is an Authorization header of the scheme ${scheme}, and api_key_secret takes a key without spaces`,
    hint: `Give it as a header of each entity instead: headers: { Authorization: env('NAME') }, where the variable holds ${scheme}, a space and the key. See docs/your-api.md.`,
  });
}

function bareKey(secret: string): string {
  if (!secret.startsWith('{')) return secret;
  try {
    const key: unknown = Reflect.get(Object(JSON.parse(secret)), 'api_key');
    return typeof key === 'string' ? key : '';
  } catch {
    return '';
  }
}
