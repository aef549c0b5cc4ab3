import { type Fate, FATES, ListedFaults, NO_FAULTS, SEND_FATES } from './fates.ts';
import { type Violation, World } from './world.ts';
import { smallWorkload } from './workload.ts';

/** One world: which calls of ports go wrong and how, and which deliveries are made twice at once. */
export interface Case {
  readonly fates: readonly (readonly [call: number, fate: Fate])[];
  readonly doubled: readonly number[];
}

export interface CaseResult {
  readonly violation: Violation | undefined;
  readonly digest: string;
  readonly lines: readonly string[];
  readonly port_calls: number;
}

export async function playCase({ fates, doubled }: Case): Promise<CaseResult> {
  const faults = new ListedFaults(new Map(fates), new Set(doubled));
  const world = new World({ seed: 0, workload: smallWorkload(), faults, isInOrder: true });
  const violation = await world.run();
  const { digest, lines } = world.trace;
  return { violation, digest, lines, port_calls: world.calls };
}

/**
 * Every single fault at every call of a port that the small world makes when nothing goes wrong, and every pair of a
 * kill with a delivery that is made twice.
 */
export async function allCases(): Promise<Case[]> {
  const calm = new World({ seed: 0, workload: smallWorkload(), faults: NO_FAULTS, isInOrder: true });
  const sends = new Set<number>();
  calm.agenda.onAsked = (call, is_send) => is_send && sends.add(call);
  await calm.run();
  const calls = Array.from({ length: calm.calls }, (_, call) => call);
  const deliveries = Array.from({ length: calm.functions.deliveries }, (_, delivery) => delivery);
  const singles = calls.flatMap((call) =>
    [...FATES, ...(sends.has(call) ? SEND_FATES : [])].map((fate): Case => ({ fates: [[call, fate]], doubled: [] })),
  );
  const pairs = calls.flatMap((call) =>
    deliveries.flatMap((delivery) =>
      (['kill before', 'kill after'] as const).map((fate): Case => ({ fates: [[call, fate]], doubled: [delivery] })),
    ),
  );
  return [...singles, ...pairs];
}
