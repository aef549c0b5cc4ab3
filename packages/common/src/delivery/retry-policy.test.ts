import { describe, expect, test } from 'vitest';
import { FAILURE_KINDS, type Failure, type FailureCode } from '../words/failure.ts';
import { DELIVERIES, isUnreported, localRetryMs, queueRetryMs, RECEIVE_COUNT_MAX } from './retry-policy.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const failureOf = (code: FailureCode, retry_after_ms?: number): Failure => ({
  code,
  kind: FAILURE_KINDS[code],
  message: 'why',
  hint: 'wait',
  ...(retry_after_ms !== undefined && { retry_after_ms }),
});

const down = failureOf('SOURCE_UNREACHABLE');

/** A linear congruential generator: chance that repeats. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
}

/** When the deliveries of a message begin that fail at once, until it is dead. */
function deliveriesOf(failure: Failure, random: () => number): number[] {
  const starts_ms: number[] = [];
  for (let age_ms: number | undefined = 0; age_ms !== undefined;) {
    starts_ms.push(age_ms);
    const retry_ms = queueRetryMs({ failure, receive_count: starts_ms.length, age_ms }, random());
    age_ms = retry_ms === undefined ? undefined : age_ms + retry_ms;
  }
  return starts_ms;
}

describe('a message of a queue on AWS', () => {
  test('comes back after a second at first, at most twice as late each time, with full jitter', () => {
    const longest = [1, 2, 3, 4, 5, 6, 7, 8].map((receive_count) =>
      queueRetryMs({ failure: down, receive_count, age_ms: 0 }, 1),
    );
    expect(longest).toEqual([1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * SECOND));
    expect(queueRetryMs({ failure: down, receive_count: 5, age_ms: 0 }, 0.5)).toBe(8 * SECOND);
    expect(queueRetryMs({ failure: down, receive_count: 5, age_ms: 0 }, 0)).toBe(SECOND);
  });

  test('waits a tenth of the time for which its source has been down: a minute after ten minutes, 15 min at most', () => {
    const after = (age_ms: number) => queueRetryMs({ failure: down, receive_count: 50, age_ms }, 1);
    expect([10 * MINUTE, HOUR, 11 * HOUR].map(after)).toEqual([MINUTE, 6 * MINUTE, 15 * MINUTE]);
  });

  test('waits as long as the failure asks for and a moment more, 15 min at most', () => {
    const asked = (ms: number) => failureOf('SOURCE_THROTTLED', ms);
    expect(queueRetryMs({ failure: asked(30_000), receive_count: 1, age_ms: 0 }, 0.5)).toBe(30_500);
    expect(queueRetryMs({ failure: asked(HOUR), receive_count: 1, age_ms: 0 }, 0.5)).toBe(15 * MINUTE);
  });

  test('is dead after twelve hours if its source is down, long before the queue’s own limit', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const starts_ms = deliveriesOf(down, randomFrom(seed));
      expect(starts_ms.at(-1)).toBeGreaterThanOrEqual(12 * HOUR);
      expect(starts_ms.at(-1)).toBeLessThan(12.25 * HOUR);
      expect(starts_ms.length).toBeLessThan(RECEIVE_COUNT_MAX * 0.8);
    }
  });

  test('is dead after an hour and no fewer than five deliveries if it may be a bug, and is tried seldom', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const starts_ms = deliveriesOf({ ...down, code: 'UNEXPECTED', kind: 'bug' }, randomFrom(seed));
      expect(starts_ms.at(-1)).toBeGreaterThanOrEqual(HOUR);
      expect(starts_ms.length).toBeGreaterThanOrEqual(DELIVERIES);
      expect(starts_ms.length).toBeLessThan(30);
    }
    const late = { failure: failureOf('SOURCE_TIMEOUT'), age_ms: 2 * HOUR };
    expect(queueRetryMs({ ...late, receive_count: 4 }, 1)).toBe(2 * MINUTE);
    expect(queueRetryMs({ ...late, receive_count: 5 }, 1)).toBeUndefined();
  });

  test('that lives longer than any failure that was reported has not reported any', () => {
    expect(isUnreported({ receive_count: 40, age_ms: 12.5 * HOUR })).toBe(false);
    expect(isUnreported({ receive_count: 40, age_ms: 13 * HOUR })).toBe(true);
    expect(isUnreported({ receive_count: 5, age_ms: 13 * HOUR })).toBe(false);
  });
});

test('a message on one machine is delivered five times within eight seconds; what the machine refuses ends none', () => {
  const waits = [1, 2, 3, 4, 5].map((receive_count) => localRetryMs({ failure: down, receive_count }));
  expect(waits).toEqual([500, 1000, 2000, 4000, undefined]);
  expect(localRetryMs({ failure: failureOf('DISK_FULL'), receive_count: 5 })).toBe(8000);
});
