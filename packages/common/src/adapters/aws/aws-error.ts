/** The HTTP status of an AWS SDK error; undefined if there was no answer. */
export function statusOf(thrown: unknown): number | undefined {
  const metadata: unknown = Reflect.get(Object(thrown), '$metadata');
  const status: unknown = Reflect.get(Object(metadata), 'httpStatusCode');
  return typeof status === 'number' ? status : undefined;
}

/**
 * What went wrong in one word, for messages: `NoSuchBucket`, `ECONNREFUSED`. Never the error's own message, which
 * reveals accounts and ARNs. It goes by name because the SDK has no class for many of its errors.
 */
export function errorName(thrown: unknown): string {
  const code: unknown = Reflect.get(Object(thrown), 'code');
  if (statusOf(thrown) === undefined && typeof code === 'string') return code;
  return thrown instanceof Error ? thrown.name : 'unknown';
}

/** Waits 40 to 80 ms after attempt 1, doubling up to 1 to 2 s; random, so that colliding callers don't meet again. */
export async function backOff(attempt: number): Promise<void> {
  const most_ms = Math.min(2000, 40 * 2 ** attempt);
  await new Promise((resolve) => setTimeout(resolve, most_ms * (0.5 + Math.random() / 2)));
}

/** Credentials are missing, wrong or not enough. */
const DENIED: ReadonlySet<string> = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'CredentialsProviderError',
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'KmsAccessDenied',
]);

/** These come with 403 too, but a retry can succeed: with new credentials, or once the clock is right. */
const PASSING: ReadonlySet<string> = new Set(['ExpiredToken', 'ExpiredTokenException', 'RequestTimeTooSkewed']);

/** Whether an SDK error means missing, wrong or insufficient credentials, so that a retry can't help. */
export function isDenied(thrown: unknown): boolean {
  const name = errorName(thrown);
  return DENIED.has(name) || (statusOf(thrown) === 403 && !PASSING.has(name));
}
