import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../ports/clock.ts';
import { type Timestamp, timestamp } from '../words/timestamp.ts';

/** This machine's clock. It names ingestion dates; no window is ever cut by it. */
export class SystemClock implements Clock {
  now(): Timestamp {
    return timestamp(new Date().toISOString());
  }

  async sleep(duration_ms: number): Promise<void> {
    await delay(duration_ms);
  }
}
