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

/** The faults that are played in the small world while these actions happen. */
export interface Case extends Listed {
  readonly actions: readonly Action[];
}

const ACTIONS: readonly Action[] = ['plan', 'ask', 'rest', 'change', 'ask'];
/** In microseconds: `overtaken` outlasts a message's visibility timeout, `shared` does not. */
const LATE_US = { overtaken: 150_000_000, shared: 30_000_000 };
const NONE: Case = { actions: ACTIONS, fates: [], doubled: [], unacknowledged: [], late_us: LATE_US.overtaken };

/**
 * Plays the small world with these faults. A case in which no fault happens shows nothing, so that is a violation too.
 * Of several faults the later ones may not happen: if the planner is killed, nothing is delivered.
 */
export async function playCase(played: Case): Promise<CaseResult> {
  const { world, faults } = smallWorld(played);
  const broken = await world.run();
  const violation =
    broken ?? (faults.injected === 0 ? { law: 'the case happens', what: 'no fault happened' } : undefined);
  const { digest, lines } = world.trace;
  return { violation, digest, lines, port_calls: world.calls, faults: faults.injected, counts: world.counts };
}

function smallWorld(played: Case): { world: World; faults: ListedFaults } {
  const faults = new ListedFaults(played);
  const workload = { ...smallWorkload(), actions: [...played.actions] };
  return { world: new World({ seed: 0, workload, faults, isInOrder: true }), faults };
}

/** What a world does while faults are played: its port calls, its deliveries, and which of the calls send. */
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
 * All cases of the exhaustive mode:
 *
 * - every single fault at every port call that the small world makes when nothing goes wrong;
 * - every lost acknowledgement;
 * - every kill together with every double delivery;
 * - while each entity is loaded once and the first message is delivered twice, every late effect together with every
 *   kill before a send: two invocations share a message, one is slow, the other dies.
 */
export async function allCases(): Promise<Case[]> {
  const { calls, deliveries, sends } = await troubledBy(NONE);
  const singles = calls.flatMap((call) =>
    [...FATES, ...(sends.has(call) ? SEND_FATES : [])].map((fate): Case => ({ ...NONE, fates: [[call, fate]] })),
  );
  const unacknowledged = deliveries.map((delivery): Case => ({ ...NONE, unacknowledged: [delivery] }));
  return [...singles, ...unacknowledged, ...(await doubledCases(deliveries.length)), ...(await sharedCases())];
}

/** Doubles each delivery, also the one that a kill brings about, together with a kill at every resulting call. */
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
