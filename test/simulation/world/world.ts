import type { ExtractRequest, WriteMessage } from '@bronze/common/load/messages';
import { LocalQueue, type QueueDatabase } from '@bronze/common/adapters/local/local-queue';
import { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import type { ItemTable } from '@bronze/common/ports/item-table';
import { setImmediate as settled } from 'node:timers/promises';
import { act } from './actions.ts';
import { Agenda } from './agenda.ts';
import {
  type Counted,
  type Counts,
  type EntityFacts,
  type Facts,
  healthy,
  type Law,
  noCounts,
  type Violation,
} from './facts.ts';
import { type FaultPlan, NO_FAULTS } from '../faults/fates.ts';
import type { Backing } from './faulty-ports.ts';
import { Functions } from './functions.ts';
import { firstBroken } from '../laws/all-laws.ts';
import { type Change, Ledger, type LoadFacts } from './ledger.ts';
import { ObservedStore } from './observed-store.ts';
import { ObservedTable } from './observed-table.ts';
import { emptyQueues } from './queues.ts';
import { Random } from '../../random.ts';
import { recordSent } from './sends.ts';
import type { SimSource } from '../model/sim-source.ts';
import { sourceOf } from './sources.ts';
import { Tampering } from './tampering.ts';
import { Trace } from './trace.ts';
import { VirtualClock } from './virtual-clock.ts';
import type { Action, PlannedEntity, Workload } from './workload.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly workload: Workload;
  readonly faults: FaultPlan;
  /** Without randomness: whatever can happen first happens first. */
  readonly isInOrder: boolean;
  /** Holds the checkpoints. Default: they are in `checkpoints.json`. */
  readonly table?: ItemTable | undefined;
}

/** A world that is not at rest after this many steps is stuck. */
const STEPS_MAX = 20_000;
const NEXT_ACTION_CHANCE = 0.04;
/** Microtask turns after an answer: mostly enough for its receiver's next call. If not, the order is still the same. */
const TURNS = 12;

/** The real functions over simulated ports. Only one thing happens at a time, and only when the world lets it. */
export class World {
  readonly options: WorldOptions;
  readonly random: Random;
  readonly clock = new VirtualClock();
  readonly trace = new Trace();
  readonly ledger = new Ledger(() => this.clock.now_us);
  readonly raw: MemoryObjectStore;
  readonly sources = new Map<string, SimSource>();
  readonly backing: Backing;
  readonly functions: Functions;
  readonly #agenda: Agenda;
  readonly #actions: Action[];
  readonly #entities: ReadonlyMap<string, EntityFacts>;
  #database: QueueDatabase;
  readonly #tampering = new Tampering(this);
  #ids = 0;
  #swaps = 0;
  #asked_at: string | undefined;
  readonly #gone = new Set<string>();
  violation: Violation | undefined;
  /** How many port calls and deliveries there were before faults stopped. */
  troubled = { calls: 0, deliveries: 0 };
  /** Ids of messages that have been dead for weeks. */
  readonly weeks_old = new Set<string>();
  readonly counts: Counts = noCounts();

  constructor(options: WorldOptions) {
    const { seed, workload, faults } = options;
    this.options = options;
    this.random = new Random(seed * 7 + 1);
    this.raw = new MemoryObjectStore(workload.page_keys);
    this.#actions = [...workload.actions];
    this.#database = emptyQueues(
      () => this.clock.now_ms,
      () => this.newId(),
    );
    this.#agenda = new Agenda({ random: this.random, clock: this.clock, trace: this.trace, faults });
    for (const entity of workload.entities) this.sources.set(entity.name, sourceOf(this, entity));
    this.#entities = new Map(workload.entities.map((entity) => [entity.name, this.#factsOf(entity)]));
    this.backing = this.#backing();
    this.functions = new Functions(this);
  }

  get calls(): number {
    return this.#agenda.calls;
  }

  get faults(): FaultPlan {
    return this.#agenda.faults;
  }

  get agenda(): Agenda {
    return this.#agenda;
  }

  /** Whether faults may still happen. */
  get isTroubled(): boolean {
    return this.faults !== NO_FAULTS;
  }

  get facts(): Facts {
    const count = (what: Counted, times = 1) => void (this.counts[what] += times);
    const { lost, ever_lost } = this.#tampering;
    return {
      ledger: this.ledger,
      entities: this.#entities,
      gone: this.#gone,
      lost,
      ever_lost,
      asked_at: this.#asked_at,
      count,
    };
  }

  /** Notes that a message of the entity is gone: only another request replaces it. */
  isGone(entity: string): void {
    this.#gone.add(entity);
  }

  /** Notes a request that has arrived. Unless it continues a load, it also completes what a lost message left behind. */
  isRequested({ entity, slice }: Pick<ExtractRequest, 'entity' | 'slice'>): void {
    if (slice === undefined) this.#gone.delete(entity);
  }

  /** An operator sets the checkpoint of an idle entity back by an hour, or removes it. */
  editCheckpoint(entity: string): Promise<void> {
    return this.#tampering.edit(entity);
  }

  /** An operator restores the checkpoints that were removed. */
  restoreCheckpoints(): Promise<void> {
    return this.#tampering.restore();
  }

  newId(): string {
    return `${String((this.#ids += 1)).padStart(8, '0')}-0000-8000-8000-000000000000`;
  }

  /** Plays all phases. @returns the first violation of a law; an error that the world throws counts as one */
  async run(): Promise<Violation | undefined> {
    try {
      await this.#play();
    } catch (thrown) {
      const what = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
      this.violation ??= { law: 'the simulation itself', what };
    }
    return this.violation;
  }

  /** Faults and actions until rest, then rest without faults, then one more request for each entity. */
  async #play(): Promise<void> {
    await this.#tampering.poisonCheckpoints();
    await this.#toRest(true);
    if (this.options.workload.isRedrivenLate) {
      this.#actions.push('wait weeks', 'redrive');
      await this.#toRest(true);
    }
    await this.restoreCheckpoints();
    this.troubled = { calls: this.calls, deliveries: this.functions.deliveries };
    this.#agenda.faults = NO_FAULTS;
    await this.#toRest(false);
    this.check((law) => law.atRest?.(this.facts));
    this.counts.healthy = healthy(this.facts).length;
    this.counts.strictly_live = healthy(this.facts).filter(({ name }) => !this.#gone.has(name)).length;
    this.#asked_at = this.clock.now;
    this.clock.tick(2_000_000);
    for (const name of this.#entities.keys()) await this.ask({ entity: name });
    await this.#toRest(false);
    this.check((law) => law.afterOneMoreRequest?.(this.facts));
  }

  /** Lets messages be delivered until none is left that could be. Whether faults happen is the caller's to say. */
  async drain(faults: FaultPlan): Promise<void> {
    this.#agenda.faults = faults;
    await this.#toRest(false);
  }

  /** Lets so many things happen and stops in the middle of whatever is running then. */
  async play(steps: number, faults: FaultPlan): Promise<void> {
    this.#agenda.faults = faults;
    for (let step = 0; step < steps; step += 1) if (!(await this.#step(false))) return;
  }

  /** The queue of requests as a run sees it that owns what it sends. */
  requestsOf(owner: string): LocalQueue<ExtractRequest> {
    return new LocalQueue(this.#database, 'extract', owner);
  }

  /** Sends a request by hand. It has no load id: the load gets the id of the message. */
  async ask(request: { entity: string; load_type?: 'full' }): Promise<void> {
    this.backing.requests.sendText(JSON.stringify(request), {});
    this.isRequested(request);
    this.trace.add(`${this.clock.now_us} by hand: ${JSON.stringify(request)}`);
  }

  /** Asks the laws, until one is broken: only the first violation is kept. */
  check(ask: (law: Law) => string | undefined): void {
    if (this.violation) return;
    this.violation = firstBroken(ask);
    if (!this.violation) return;
    const { law, what } = this.violation;
    this.trace.add(`${this.clock.now_us} BROKEN ${law}: ${what}`);
  }

  async #toRest(isActing: boolean): Promise<void> {
    for (let step = 0; step < STEPS_MAX && !this.violation; step += 1) {
      if (!(await this.#step(isActing))) return;
    }
    if (!this.violation) this.violation = { law: 'L5 always live', what: 'the world does not come to rest' };
  }

  /** @returns false at rest */
  async #step(isActing: boolean): Promise<boolean> {
    for (let turn = 0; turn < TURNS; turn += 1) await Promise.resolve();
    await this.#tampering.go();
    this.functions.finishEnded();
    if (await this.#next(isActing)) return true;
    // The receiver of the last answer may not have made its next call yet.
    await settled();
    if (this.functions.hasEnded || this.#agenda.ready > 0) return true;
    return this.#passTime(isActing);
  }

  /** Lets one thing happen. @returns false when nothing can happen now */
  async #next(isActing: boolean): Promise<boolean> {
    const { isInOrder } = this.options;
    this.clock.tick(isInOrder ? 100 : this.random.between(1, 2000));
    const canAct = isActing && this.#actions.length > 0;
    if (canAct && !isInOrder && this.random.chance(NEXT_ACTION_CHANCE)) return this.#act();
    const ready = this.#agenda.ready > 0;
    const canDeliver = this.functions.canDeliver();
    if (ready && (!canDeliver || (!isInOrder && this.random.chance(0.7)))) {
      await this.#agenda.step(isInOrder);
      return true;
    }
    if (canDeliver) {
      this.functions.deliver();
      return true;
    }
    return false;
  }

  /** When nothing can happen now: takes the next action or moves the clock to the next event. @returns false at rest */
  async #passTime(isActing: boolean): Promise<boolean> {
    if (isActing && this.#actions.length > 0) {
      do await this.#act();
      while (this.options.isInOrder && this.#actions.length > 0 && this.#actions[0] !== 'rest');
      return true;
    }
    const next_us = Math.min(this.#agenda.next_us, this.functions.next_us());
    if (next_us === Infinity) return false;
    this.clock.now_us = Math.max(this.clock.now_us, Math.ceil(next_us));
    return true;
  }

  async #act(): Promise<boolean> {
    const action = this.#actions.shift();
    if (action) await act(this, action);
    return true;
  }

  #backing(): Backing {
    const { table } = this.options;
    const onChange = (change: Change) => {
      this.check((law) => law.onChange?.(this.facts, change));
      if (change.kind === 'record') this.#countFallbacks(change.load);
      if (change.kind === 'manifest') this.#tampering.committed.push(change.manifest);
    };
    return {
      agenda: this.#agenda,
      clock: this.clock,
      store: new ObservedStore(this.raw, this.ledger, onChange),
      table: table && new ObservedTable(table, this.ledger, onChange),
      requests: new LocalQueue<ExtractRequest>(this.#database, 'extract'),
      writes: new LocalQueue<WriteMessage>(this.#database, 'write'),
      dead_requests: new LocalQueue<never>(this.#database, 'extract-dlq'),
      dead_writes: new LocalQueue<never>(this.#database, 'write-dlq'),
      delay_ms: () => this.random.between(0, this.options.workload.delay_ms_max),
      onSent: (sent) => {
        this.check((law) => law.onSent?.(this.facts, sent));
        recordSent(this.ledger, sent);
      },
      onRequested: (messages) => messages.forEach((request) => this.isRequested(request)),
      onLost: (messages) => messages.forEach(({ entity }) => this.isGone(entity)),
      nextAttempt: () => `attempt-${(this.#ids += 1)}`,
      nextSwap: () => `swap-${(this.#swaps += 1)}`,
    };
  }

  /** Why the load fell back, at its claim and while it was read. */
  #countFallbacks({ record, slices }: LoadFacts): void {
    const reasons = [record?.window_fallback, ...slices.map((slice) => slice?.window_fallback)];
    for (const reason of new Set(reasons)) if (reason !== undefined) this.counts[`fallback_${reason}`] += 1;
  }

  #factsOf({ name, poison }: PlannedEntity): EntityFacts {
    const tampering = this.#tampering;
    const source = this.sources.get(name);
    return {
      name,
      get poison() {
        return tampering.isDue(name, poison) ? undefined : poison;
      },
      current: () => source?.current() ?? [],
      versions: () => source?.versions() ?? [],
      get is_clock_wrong() {
        return source?.is_clock_wrong ?? false;
      },
    };
  }
}
