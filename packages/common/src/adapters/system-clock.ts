import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../ports/clock.ts';
import { type Timestamp, timestamp } from '../words/timestamp.ts';

/**
 * This machine's clock. It names ingestion dates. A window ends by it only if a REST API sends no `Date` header
 * (`window_basis` `own_clock`); every other window ends by its source's clock.
 */
export class SystemClock implements Clock {
  now(): Timestamp {
    return timestamp(new Date().toISOString());
  }

  async sleep(duration_ms: number): Promise<void> {
    await delay(duration_ms);
  }
}
