import type { Failure } from '../words/failure.ts';
import { isMachineCode } from '../words/machine-failure.ts';

/** A failure that a retry may help is final at this delivery on one machine, and not before it on AWS. */
export const DELIVERIES = 5;

/**
 * After so many deliveries SQS itself moves a message to its dead-letter queue. It is for functions that are killed before
 * they can say anything: others are decided by {@link queueRetryMs}, in fewer deliveries (decision 47).
 */
export const RECEIVE_COUNT_MAX = 250;

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

const RETRY_MS_MIN = SECOND_MS;
const RETRY_MS_MAX = 15 * MINUTE_MS;

/** How long a kind of failure is retried, counted from the message's first delivery, and how fast. */
interface Patience {
  readonly lasting_ms: number;
  /** The longest wait after the first delivery. It doubles with each further one. */
  readonly first_ms: number;
  /** The longest wait of all, by the message's age. */
  longestMs(age_ms: number): number;
}

/**
 * Somebody else is down, busy or throttling, which ends by itself: cheap to try, and worth trying for as long as people
 * take to repair a database. A message waits at most a tenth of the time for which it has been failing already.
 */
const OUTAGE: Patience = {
  lasting_ms: 12 * HOUR_MS,
  first_ms: SECOND_MS,
  longestMs: (age_ms) => Math.min(RETRY_MS_MAX, Math.max(MINUTE_MS, age_ms / 10)),
};

/** Perhaps nothing that waiting cures: a statement that is too slow, an answer that is wrong, a bug. */
const DOUBT: Patience = { lasting_ms: HOUR_MS, first_ms: 15 * SECOND_MS, longestMs: () => RETRY_MS_MAX };

const OUTAGES: ReadonlySet<Failure['code']> = new Set<Failure['code']>([
  'SOURCE_UNREACHABLE',
  'SOURCE_INTERRUPTED',
  'SOURCE_FAILING',
  'SOURCE_THROTTLED',
  'STORE_UNREACHABLE',
  'QUEUE_UNREACHABLE',
  'SECRET_UNAVAILABLE',
  'SWAP_CONTENDED',
]);

/**
 * A message that is delivered after so long was not ended by a failure that a delivery reported: its deliveries were killed
 * or failed before they could begin, or the queue rested when it was time to end it.
 */
const UNREPORTED_MS = OUTAGE.lasting_ms + HOUR_MS;

export interface FailedDelivery {
  readonly failure: Failure;
  /** 1 for the first delivery. */
  readonly receive_count: number;
  /** Time since the message was first delivered. */
  readonly age_ms: number;
}

/**
 * When a queue on AWS delivers a message again that failed in a way that a retry may help: exponential back-off with full
 * jitter, after what the failure itself asks for; 1 s to 15 min.
 *
 * @param random from 0 to 1
 * @returns milliseconds from now; undefined: never, because it failed too often and for too long
 */
export function queueRetryMs({ failure, receive_count, age_ms }: FailedDelivery, random: number): number | undefined {
  const patience = OUTAGES.has(failure.code) ? OUTAGE : DOUBT;
  if (receive_count >= DELIVERIES && age_ms >= patience.lasting_ms) return undefined;
  const longest_ms = Math.min(patience.longestMs(age_ms), patience.first_ms * 2 ** (receive_count - 1));
  const wait_ms = (failure.retry_after_ms ?? 0) + random * longest_ms;
  return Math.min(RETRY_MS_MAX, Math.max(RETRY_MS_MIN, wait_ms));
}

/** Whether a message has been delivered for so long that a failure would have ended it, had a delivery reported one in time. */
export function isUnreported({ receive_count, age_ms }: Omit<FailedDelivery, 'failure'>): boolean {
  return receive_count > DELIVERIES && age_ms >= UNREPORTED_MS;
}

const LOCAL_RETRY_MS = 500;

/**
 * When a queue on one machine does. Somebody is waiting for the run to end, and a database has been waited for already
 * (`--retry-for`), so it gives up after seconds. What the machine refuses ends the run and no message.
 */
export function localRetryMs({ failure, receive_count }: Omit<FailedDelivery, 'age_ms'>): number | undefined {
  if (receive_count >= DELIVERIES && !isMachineCode(failure.code)) return undefined;
  return LOCAL_RETRY_MS * 2 ** (receive_count - 1);
}
