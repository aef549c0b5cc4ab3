import { describe, expect, test } from 'vitest';
import { timestamp } from '../../words/timestamp.ts';
import { SdkRetries } from './sdk-retries.ts';

type Cause = Parameters<SdkRetries['refreshRetryTokenForRetry']>[1];

const THROTTLED: Cause = { errorType: 'THROTTLING' };

/** How long each attempt of a call waits that always fails, in an invocation of so many milliseconds. */
async function waitsOf(cause: Cause, invocation_ms: number): Promise<number[]> {
  const waits_ms: number[] = [];
  let now_ms = 0;
  const clock = {
    now: () => timestamp(new Date(now_ms).toISOString()),
    sleep: async (duration_ms: number) => {
      waits_ms.push(duration_ms);
      now_ms += duration_ms;
    },
  };
  const retries = new SdkRetries({ clock, random: () => 1, remainingMs: () => invocation_ms - now_ms });
  let token = await retries.acquireInitialRetryToken();
  const goOn = async (): Promise<void> => {
    token = await retries.refreshRetryTokenForRetry(token, cause);
    return goOn();
  };
  await goOn().catch(() => undefined);
  expect(token.getRetryCount()).toBe(waits_ms.length);
  expect(token.getRetryDelay()).toBe(0);
  return waits_ms;
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);

describe('a call that fails', () => {
  test('is repeated until half a minute before the end of the invocation: of 15 minutes, and of the planner’s one', async () => {
    const long = await waitsOf(THROTTLED, 900_000);
    expect(long.slice(0, 8)).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 20_000, 20_000]);
    expect(sum(long)).toBeGreaterThan(900_000 - 30_000 - 20_000);
    expect(sum(long)).toBeLessThanOrEqual(900_000 - 30_000);
    expect(await waitsOf({ errorType: 'TRANSIENT' }, 60_000)).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800]);
  });

  test('through the caller’s own fault is not repeated', async () => {
    expect(await waitsOf({ errorType: 'CLIENT_ERROR' }, 900_000)).toEqual([]);
  });

  test('waits as long as the service asks for, if there is time', async () => {
    const retryAfterHint = new Date(45_000);
    expect((await waitsOf({ ...THROTTLED, retryAfterHint }, 900_000))[0]).toBe(45_000);
    expect((await waitsOf({ ...THROTTLED, retryAfterHint }, 60_000))[0]).toBe(500);
  });

  test('is attempted three times even if there is no time', async () => {
    expect(await waitsOf(THROTTLED, 0)).toEqual([500, 1000]);
  });
});
