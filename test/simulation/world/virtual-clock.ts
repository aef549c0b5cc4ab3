import type { Timestamp } from '@bronze/common/words/timestamp';

/** Ten seconds before midnight, so that windows and ingestion dates cross it. */
const START_US = Date.parse('2024-01-15T23:59:50Z') * 1000;

/** The only clock of a simulated world, in microseconds. It moves only when the world moves it. */
export class VirtualClock {
  now_us = START_US;

  /** Moves the clock by at least 1 µs. @returns the new time, which no other call returns */
  tick(by_us: number): number {
    this.now_us += Math.max(1, Math.round(by_us));
    return this.now_us;
  }

  get now_ms(): number {
    return Math.floor(this.now_us / 1000);
  }

  get now(): Timestamp {
    return timestampOf(this.now_us);
  }
}

/** Formats microseconds since 1970, exactly (below 2^53 until the year 2255). Shares no code with what ships. */
export function timestampOf(us: number): Timestamp {
  const millis = new Date(Math.floor(us / 1000)).toISOString().slice(0, 23);
  return `${millis}${String(us % 1000).padStart(3, '0')}Z` as Timestamp;
}
