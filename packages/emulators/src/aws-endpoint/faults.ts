import type { AwsCall } from './protocol.ts';

/**
 * - `unavailable`: 503, nothing is done
 * - `denied`: 403, nothing is done
 * - `conflict`: a conditional write answers 409, nothing is done
 * - `drop`: the call is carried out, then the connection is cut without an answer
 * - `failed`, `rejected`: an entry of SendMessageBatch is not taken, by the service's fault or by the sender's
 */
export type Fault = 'unavailable' | 'denied' | 'conflict' | 'drop' | 'failed' | 'rejected';

/** Asked before each call, and before each entry of a batch, whose action is `SendMessageBatchEntry`. */
export type FaultPlan = (call: AwsCall) => Fault | undefined;

export const NO_FAULTS: FaultPlan = () => undefined;

/** The first `count` calls of this action meet the fault. */
export function firstCalls(count: number, action: string, fault: Fault): FaultPlan {
  let left = count;
  return (call) => {
    if (call.action !== action || left === 0) return undefined;
    left -= 1;
    return fault;
  };
}

/** @param random from 0 to 1, seeded: a fault that was found can be met again */
export function withChance(chance: number, action: string, fault: Fault, random: () => number): FaultPlan {
  return (call) => (call.action === action && random() < chance ? fault : undefined);
}
