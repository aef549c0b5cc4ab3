import type { Timestamp } from '../words/timestamp.ts';

export interface Clock {
  now(): Timestamp;
  sleep(duration_ms: number): Promise<void>;
}

/** Says when an invocation should hand over: a Lambda's time is nearly up, or somebody pressed Ctrl-C. */
export interface Deadline {
  isNear(): boolean;
  /** How long something may still take; infinite where nothing ends the invocation. */
  remainingMs(): number;
}
