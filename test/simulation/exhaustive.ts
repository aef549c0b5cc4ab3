import { type Fate, FATES, type Listed, ListedFaults, SEND_FATES } from './faults/fates.ts';
import type { Counts, Violation } from './world/facts.ts';
import { World } from './world/world.ts';
import { type Action, smallWorkload } from './world/workload.ts';

export interface CaseResult {
  readonly violation: Violation | undefined;
  readonly digest: string;
  readonly lines: readonly string[];
  readonly port_calls: number;
  readonly faults: number;
  readonly counts: Counts;
}

/** Faults in the small world while these things are done. */
export interface Case extends Listed {
  readonly actions: readonly Action[];
}

const ACTIONS: readonly Action[] = ['plan', 'ask', 'rest', 'change', 'ask'];
/** Until after a message's visibility has ended, and not as long. */
const LATE_US = { overtaken: 150_000_000, shared: 30_000_000 };
const NONE: Case = { actions: ACTIONS, fates: [], doubled: [], unacknowledged: [], late_us: LATE_US.overtaken };

/**
 * Plays the small world with these faults. Where none happens, the case shows nothing: that is a violation too. Of several
 * the later ones may not come: who kills the planner has nothing delivered.
 */
export async function playCase(played: Case): Promise<CaseResult> {
  const { world, faults } = smallWorld(played);
  const broken = await world.run();
  const violation = broken ?? (faults.injected === 0 ? { law: 'the case happens', what: 'no fault did' } : undefined);
  const { digest, lines } = world.trace;
  return { violation, digest, lines, port_calls: world.calls, faults: faults.injected, counts: world.counts };
}

function smallWorld(played: Case): { world: World; faults: ListedFaults } {
  const faults = new ListedFaults(played);
  const workload = { ...smallWorkload(), actions: [...played.actions] };
  return { world: new World({ seed: 0, workload, faults, isInOrder: true }), faults };
}

/** What a world does while faults are played: its calls of ports, and which of them send. */
interface Troubled {
  readonly calls: readonly number[];
  readonly deliveries: readonly number[];
  readonly sends: ReadonlySet<number>;
}

async function troubledBy(played: Case): Promise<Troubled> {
  const { world } = smallWorld(played);
  const sends = new Set<number>();
  world.agenda.onAsked = (call, is_send) => is_send && sends.add(call);
  await world.run();
  const { calls, deliveries } = world.troubled;
  return { calls: [...Array(calls).keys()], deliveries: [...Array(deliveries).keys()], sends };
}

/**
 * Every single fault at every call of a port that the small world makes when nothing goes wrong, every acknowledgement
 * lost, every pair of a kill with a delivery that is made twice; and, while one load of each entity is made and the first
 * delivery is made twice, every late effect together with every kill before something is sent: of two that share a
 * message one is slow, and one dies.
 */
export async function allCases(): Promise<Case[]> {
  const { calls, deliveries, sends } = await troubledBy(NONE);
  const singles = calls.flatMap((call) =>
    [...FATES, ...(sends.has(call) ? SEND_FATES : [])].map((fate): Case => ({ ...NONE, fates: [[call, fate]] })),
  );
  const unheard = deliveries.map((delivery): Case => ({ ...NONE, unacknowledged: [delivery] }));
  return [...singles, ...unheard, ...(await doubledCases(deliveries.length)), ...(await sharedCases())];
}

/** Of as many deliveries as there are, and the one that a kill brings, each twice, and every kill in what then happens. */
async function doubledCases(deliveries: number): Promise<Case[]> {
  const kills: readonly Fate[] = ['kill before', 'kill after'];
  const cases: Case[] = [];
  for (let delivery = 0; delivery <= deliveries; delivery += 1) {
    const twice: Case = { ...NONE, doubled: [delivery] };
    const { calls } = await troubledBy(twice);
    cases.push(...calls.flatMap((call) => kills.map((fate): Case => ({ ...twice, fates: [[call, fate]] }))));
  }
  return cases;
}

async function sharedCases(): Promise<Case[]> {
  const twice: Case = { ...NONE, actions: ['plan'], doubled: [0], late_us: LATE_US.shared };
  const cases: Case[] = [];
  for (const late of (await troubledBy(twice)).calls) {
    const slow: Case = { ...twice, fates: [[late, 'late effect']] };
    const { sends } = await troubledBy(slow);
    for (const send of sends) {
      if (send > late) cases.push({ ...slow, fates: [...slow.fates, [send, 'kill before']] });
    }
  }
  return cases;
}
