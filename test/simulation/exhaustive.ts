import { type Fate, FATES, type Listed, ListedFaults, SEND_FATES } from './fates.ts';
import type { Counts, Violation } from './facts.ts';
import { World } from './world.ts';
import { smallWorkload } from './workload.ts';

export interface CaseResult {
  readonly violation: Violation | undefined;
  readonly digest: string;
  readonly lines: readonly string[];
  readonly port_calls: number;
  readonly faults: number;
  readonly counts: Counts;
}

const NONE: Listed = { fates: [], doubled: [], unacknowledged: [] };

/**
 * Plays the small world with these faults. Where none happens, the case shows nothing: that is a violation too. Of a pair
 * the later one may not come: who kills the planner has nothing delivered.
 */
export async function playCase(listed: Listed): Promise<CaseResult> {
  const { world, faults } = smallWorld(listed);
  const broken = await world.run();
  const violation = broken ?? (faults.injected === 0 ? { law: 'the case happens', what: 'no fault did' } : undefined);
  const { digest, lines } = world.trace;
  return { violation, digest, lines, port_calls: world.calls, faults: faults.injected, counts: world.counts };
}

function smallWorld(listed: Listed): { world: World; faults: ListedFaults } {
  const faults = new ListedFaults(listed);
  return { world: new World({ seed: 0, workload: smallWorkload(), faults, isInOrder: true }), faults };
}

/**
 * Every single fault at every call of a port that the small world makes when nothing goes wrong, every acknowledgement
 * lost, and every pair of a kill with a delivery that is made twice.
 */
export async function allCases(): Promise<Listed[]> {
  const { world } = smallWorld(NONE);
  const sends = new Set<number>();
  world.agenda.onAsked = (call, is_send) => is_send && sends.add(call);
  await world.run();
  const calls = Array.from({ length: world.troubled.calls }, (_, call) => call);
  const deliveries = Array.from({ length: world.troubled.deliveries }, (_, delivery) => delivery);
  const singles = calls.flatMap((call) =>
    [...FATES, ...(sends.has(call) ? SEND_FATES : [])].map((fate): Listed => ({ ...NONE, fates: [[call, fate]] })),
  );
  const unheard = deliveries.map((delivery): Listed => ({ ...NONE, unacknowledged: [delivery] }));
  const kills: readonly Fate[] = ['kill before', 'kill after'];
  const pairs = calls.flatMap((call) =>
    deliveries.flatMap((delivery) =>
      kills.map((fate): Listed => ({ ...NONE, fates: [[call, fate]], doubled: [delivery] })),
    ),
  );
  return [...singles, ...unheard, ...pairs];
}
