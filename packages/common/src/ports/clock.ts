import type { Timestamp } from '../words/timestamp.ts';

export interface Clock {
  now(): Timestamp;
  sleep(duration_ms: number): Promise<void>;
}

/** When an invocation should end its slice: a Lambda's time is nearly up, or somebody pressed Ctrl-C. */
export interface Deadline {
  isNear(): boolean;
  /** How long the next step may still take; `Infinity` where nothing ends the invocation. */
  remainingMs(): number;
  /** Told when the invocation only waits for its source, and when it goes on: others may run in its place meanwhile. */
  waits?(isWaiting: boolean): void;
}
