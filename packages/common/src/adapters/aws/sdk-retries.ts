import type { S3ClientConfig } from '@aws-sdk/client-s3';
import type { Clock } from '../../ports/clock.ts';

/** The interface of the SDK's own strategies. Their time and chance can't be replaced, and they give up after seconds. */
export type RetryStrategy = Extract<
  NonNullable<S3ClientConfig['retryStrategy']>,
  { refreshRetryTokenForRetry: unknown }
>;
type RetryToken = Awaited<ReturnType<RetryStrategy['acquireInitialRetryToken']>>;
type RetryCause = Parameters<RetryStrategy['refreshRetryTokenForRetry']>[1];

/** The longest wait before the n-th further attempt is this times 2^(n - 1). The SDK's own numbers. */
const WAIT_MS = 100;
const THROTTLED_WAIT_MS = 500;
const WAIT_MS_MAX = 20_000;
/** As many attempts as the SDK makes by default, even if there is no time. */
const ATTEMPTS_MIN = 3;
/** The end of an invocation, reserved for saying what failed: a call may hang until its time-out. */
const RESERVED_MS = 30_000;

/**
 * How long a connection may take to open, and be silent: far longer than AWS takes. The SDK would wait for ever, and the
 * invocation with it.
 */
export const CALL_LIMITS = { connectionTimeout: 5000, socketTimeout: 20_000 } as const;

export interface RetryPorts {
  readonly clock: Pick<Clock, 'now' | 'sleep'>;
  /** From 0 to 1. */
  readonly random: () => number;
  /** What is left of the running invocation; 0 outside of one. */
  readonly remainingMs: () => number;
}

/**
 * Repeats calls of the AWS SDK for as long as the invocation has time, with exponential back-off and full jitter, or as
 * long as the service asks for. What the SDK takes for the caller's own error fails at once: it is as wrong next time.
 */
export class SdkRetries implements RetryStrategy {
  readonly mode = 'standard';
  readonly #ports: RetryPorts;

  constructor(ports: RetryPorts) {
    this.#ports = ports;
  }

  async acquireInitialRetryToken(): Promise<RetryToken> {
    return tokenOf(0);
  }

  /** Waits itself, so that the SDK has nothing left to wait for. @throws Error if there is to be no further attempt */
  async refreshRetryTokenForRetry(token: RetryToken, cause: RetryCause): Promise<RetryToken> {
    const { clock, random, remainingMs } = this.#ports;
    if (cause.errorType === 'CLIENT_ERROR') throw new Error('another attempt would fail as well');
    const attempts = token.getRetryCount() + 1;
    const first_ms = cause.errorType === 'THROTTLING' ? THROTTLED_WAIT_MS : WAIT_MS;
    const longest_ms = Math.min(WAIT_MS_MAX, first_ms * 2 ** (attempts - 1));
    const asked_ms = cause.retryAfterHint ? cause.retryAfterHint.getTime() - Date.parse(clock.now()) : 0;
    const jittered_ms = random() * longest_ms;
    const wait_ms = Math.max(asked_ms, jittered_ms);
    const hasTime = wait_ms <= remainingMs() - RESERVED_MS;
    if (!hasTime && attempts >= ATTEMPTS_MIN) throw new Error('there is no time for another attempt');
    await clock.sleep(hasTime ? wait_ms : jittered_ms);
    return tokenOf(attempts);
  }

  recordSuccess(): void {
    // There is no quota of retries: a function makes one call at a time, and waits longer with each attempt.
  }
}

function tokenOf(attempts: number): RetryToken {
  return { getRetryCount: () => attempts, getRetryDelay: () => 0 };
}
