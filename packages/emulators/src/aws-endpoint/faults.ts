import type { AwsCall } from './protocol.ts';

/**
 * - `unavailable`: answers 503 and does nothing
 * - `denied`: answers 403 and does nothing
 * - `conflict`: a conditional write answers 409 and does nothing
 * - `drop`: carries out the call, then drops the connection without an answer
 * - `failed`, `rejected`: refuses an entry of SendMessageBatch, as the service's fault or as the sender's
 */
export type Fault = 'unavailable' | 'denied' | 'conflict' | 'drop' | 'failed' | 'rejected';

/** Called before each call, and before each entry of SendMessageBatch with the action `SendMessageBatchEntry`. */
export type FaultPlan = (call: AwsCall) => Fault | undefined;

export const NO_FAULTS: FaultPlan = () => undefined;

/** Injects the fault into the first `count` calls of this action. */
export function firstCalls(count: number, action: string, fault: Fault): FaultPlan {
  let left = count;
  return (call) => {
    if (call.action !== action || left === 0) return undefined;
    left -= 1;
    return fault;
  };
}

/**
 * Injects the fault into calls of this action with a probability of `chance`.
 * @param random gives numbers from 0 to 1, seeded so that a run can be repeated
 */
export function withChance(chance: number, action: string, fault: Fault, random: () => number): FaultPlan {
  return (call) => (call.action === action && random() < chance ? fault : undefined);
}
