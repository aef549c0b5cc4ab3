import { BronzeError } from '@bronze/common/words/failure';

/** An answer after which the same request may succeed later. */
interface Retried {
  readonly status: number;
  /** The beginning of the body. */
  readonly excerpt: string;
  /** From `Retry-After`. */
  readonly retry_after_ms: number | undefined;
}

export function throttled(entity: string, { status, excerpt, retry_after_ms }: Retried): BronzeError {
  return new BronzeError('SOURCE_THROTTLED', {
    message: `the API of ${entity} answers ${status}: its limit of requests is reached${excerpt && `: ${excerpt}`}`,
    hint: 'Bronze retries it with growing pauses, or when the API says. If it persists, lower requests_per_second, or raise attempts.',
    retry_after_ms,
  });
}

export function failing(entity: string, { status, excerpt, retry_after_ms }: Retried): BronzeError {
  return new BronzeError('SOURCE_FAILING', {
    message: `the API of ${entity} answers ${status}${excerpt && `: ${excerpt}`}`,
    hint: 'Bronze retries it with growing pauses. If it persists, look at the API’s status page, or raise attempts.',
    retry_after_ms,
  });
}
