import { abandonLoad } from '@bronze/common/load/abandon-load';
import { type DeliveredMessage, deliverMessage } from '@bronze/common/delivery/deliver-message';
import { DELIVERIES, localRetryMs } from '@bronze/common/delivery/retry-policy';
import type { PipelineEvent } from '@bronze/common/load/events';
import { type Failure, isRetryable, toFailure } from '@bronze/common/words/failure';
import { entityIn } from '@bronze/common/load/messages';
import type { LocalQueue, Received } from '@bronze/common/adapters/local/local-queue';
import { type PlanInput, planRun } from '@bronze/planner/plan-run';
import { failing, faultyPorts } from './faulty-ports.ts';
import { type Delivered, handlerOf, requestOf, type Service } from './handlers.ts';
import type { Sent } from './facts.ts';
import { Invocation } from './invocation.ts';
import type { World } from './world.ts';

const VISIBILITY_MS = 90_000;

const SERVICES: readonly Service[] = ['extract', 'write'];

interface Ended {
  readonly invocation: Invocation;
  /** The entity; `planner` for a plan. */
  readonly about: string;
  /** Undefined for commands. */
  readonly delivered: Delivered | undefined;
  readonly outcome: 'done' | 'killed' | { readonly thrown: unknown };
}

/** Does the work of Lambda and its event sources: invokes the real functions and reacts to how they end. */
export class Functions {
  readonly #world: World;
  readonly #running: Record<Service, number> = { extract: 0, write: 0 };
  #ended: Ended[] = [];
  /** When the last killed delivery of a message began, by message id. */
  readonly #killed_ms = new Map<string, number>();
  readonly #retry_in_ms = new WeakMap<Invocation, number>();
  readonly #changes: Record<Service, number> = { extract: -1, write: -1 };
  readonly #next_ms: Record<Service, number> = { extract: Infinity, write: Infinity };
  #count = 0;
  deliveries = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** Whether an invocation has ended and `finishEnded` has not run since. */
  get hasEnded(): boolean {
    return this.#ended.length > 0;
  }

  canDeliver(): boolean {
    return this.#deliverable().length > 0;
  }

  /** When the next message becomes visible, in microseconds. Visible ones don't count: they wait for a free worker. */
  next_us(): number {
    const { extract, write } = this.#visible_at_ms();
    const { now_ms } = this.#world.clock;
    return Math.min(...[extract, write].filter((time) => time > now_ms)) * 1000;
  }

  /** Delivers one message. A doubled one stays visible, so that it is delivered again at once. */
  deliver(): void {
    const { random, faults, options } = this.#world;
    const services = this.#deliverable();
    const service = options.isInOrder ? services[0] : random.pick(services);
    if (!service) return;
    const number = this.deliveries++;
    const isDoubled = faults.isDoubled(number);
    const [message] = this.#queue(service).receive(1, isDoubled ? 0 : VISIBILITY_MS);
    if (!message) return;
    if (message.receive_count > DELIVERIES) return this.#expire(service, message);
    this.#world.ledger.deliveries += 1;
    this.#start({ service, message, number });
  }

  /** Sends a message to the dead-letter queue unhandled, as if it had been received too often. */
  die(): void {
    const service = this.#world.random.pick(SERVICES);
    const [message] = this.#queue(service).receive(1, 0);
    if (message) this.#expire(service, message);
  }

  plan(input: PlanInput): void {
    const invocation = this.#invocation('plan');
    const onSent = (sent: Sent) => {
      this.#world.check((law) => law.onPlanSent?.(this.#world.facts, sent));
      this.#world.ledger.senders_of_requests.add(sent.by.name);
    };
    const ports = faultyPorts({ ...this.#world.backing, onSent }, invocation);
    const { scheduled_at } = input;
    const { began } = invocation;
    const plan = async () => {
      const { planned } = await planRun(ports, this.#config, input);
      const made = { scheduled_at, planned, began };
      this.#world.ledger.plans.push(made);
      this.#world.check((law) => law.onPlanned?.(this.#world.facts, made));
    };
    this.#follow({ invocation, about: 'planner', delivered: undefined }, plan());
  }

  abandon(entity: string): void {
    const invocation = this.#invocation('abandon');
    const work = abandonLoad(faultyPorts(this.#world.backing, invocation), entity);
    this.#follow({ invocation, about: entity, delivered: undefined }, work);
  }

  /** Acknowledges or returns the messages of ended invocations. A killed one's waits for its visibility timeout. */
  finishEnded(): void {
    const ended = this.#ended;
    this.#ended = [];
    for (const one of ended) this.#finish(one);
  }

  get #config() {
    return this.#world.options.workload.config;
  }

  #queue(service: Service): LocalQueue<never> {
    return service === 'extract' ? this.#world.backing.requests : this.#world.backing.writes;
  }

  #deliverable(): Service[] {
    const { extractors, writers } = this.#world.options.workload;
    const free: Record<Service, number> = { extract: extractors, write: writers };
    const { now_ms } = this.#world.clock;
    const visible_at_ms = this.#visible_at_ms();
    return SERVICES.filter((service) => this.#running[service] < free[service] && visible_at_ms[service] <= now_ms);
  }

  /** When the first message of each queue becomes, or became, visible. */
  #visible_at_ms(): Readonly<Record<Service, number>> {
    for (const service of SERVICES) {
      const { changes } = this.#queue(service);
      if (changes === this.#changes[service]) continue;
      this.#changes[service] = changes;
      this.#next_ms[service] = this.#queue(service).nextVisibleAtMs() ?? Infinity;
    }
    return this.#next_ms;
  }

  #invocation(what: string, delivery?: Invocation['delivery']): Invocation {
    const { random, faults, clock, ledger } = this.#world;
    return new Invocation(`${what}@${(this.#count += 1)}`, {
      random,
      isShort: faults.isHit('little time'),
      started_ms: clock.now_ms,
      began: ledger.changes,
      delivery,
    });
  }

  #start(delivered: Delivered): void {
    const { service, message, number } = delivered;
    const invocation = this.#invocation(service, requestOf(delivered));
    this.#world.trace.add(
      `${this.#world.clock.now_us} ${invocation.name} delivery ${number} of ${message.message_id} (${message.receive_count}): ${message.body}`,
    );
    this.#running[service] += 1;
    const ports = faultyPorts(this.#world.backing, invocation);
    const handle = handlerOf(this.#world, delivered, invocation);
    const delivery = {
      objects: ports.objects,
      clock: ports.clock,
      log: { event: (event: PipelineEvent) => this.#onEvent(event) },
      retryInMs: ({ receive_count }: DeliveredMessage, failure: Failure) => localRetryMs({ failure, receive_count }),
      giveBack: async (_: DeliveredMessage, retry_in_ms: number) => void this.#retry_in_ms.set(invocation, retry_in_ms),
      sendToDeadLetterQueue: async (dead: DeliveredMessage, failure: Failure) =>
        isRetryable(failure) ? this.#expire(service, message) : this.#sendToDeadLetterQueue(service, dead, invocation),
    };
    const about = entityIn(message.body);
    this.#follow({ invocation, about, delivered }, deliverMessage(delivery, message, handle));
  }

  /** Received too often: it is moved to the dead-letter queue in one statement, as on one machine. */
  #expire(service: Service, message: Received): void {
    const failure = toFailure(new Error('received too often'));
    this.#queue(service).deadLetter(message.message_id, failure);
    this.#world.isGone(entityIn(message.body));
  }

  async #sendToDeadLetterQueue(service: Service, { body }: DeliveredMessage, invocation: Invocation): Promise<void> {
    const { backing } = this.#world;
    const queue = service === 'extract' ? backing.dead_requests : backing.dead_writes;
    const effect = async () => {
      queue.sendText(body, {});
      this.#world.isGone(entityIn(body));
    };
    const call = { name: 'dead.send', about: entityIn(body), effect, failure: failing('QUEUE_UNREACHABLE') };
    await backing.agenda.ask(invocation, call);
  }

  #onEvent(event: PipelineEvent): void {
    if (event.kind !== 'message_failed') return;
    this.#world.check((law) => law.onFailure?.(this.#world.facts, event.entity, event.failure));
  }

  #follow(one: Omit<Ended, 'outcome'>, work: Promise<unknown>): void {
    const done = work.then(
      () => 'done' as const,
      (thrown: unknown) => ({ thrown }),
    );
    void Promise.race([done, one.invocation.killed]).then((outcome) => this.#ended.push({ ...one, outcome }));
  }

  #finish({ invocation, about, delivered, outcome }: Ended): void {
    const { agenda, trace, clock } = this.#world;
    agenda.forget(invocation);
    invocation.kill();
    const failure = typeof outcome === 'object' ? toFailure(outcome.thrown) : undefined;
    trace.add(
      `${clock.now_us} ${invocation.name} ends: ${failure ? `${failure.code} ${failure.message}` : String(outcome)}`,
    );
    if (!delivered) {
      // Nothing repeats a failed command. A planner's requests are not of any load that could be left behind.
      if (outcome !== 'done' && about !== 'planner') this.#world.isGone(about);
      if (failure) this.#world.check((law) => law.onFailure?.(this.#world.facts, about, failure));
      return;
    }
    const { service, message, number } = delivered;
    this.#running[service] -= 1;
    if (failure?.kind === 'bug') this.#world.check((law) => law.onFailure?.(this.#world.facts, about, failure));
    if (failure) this.#fail(service, message, invocation);
    else if (outcome === 'killed') this.#killed_ms.set(message.message_id, invocation.started_ms);
    else if (!this.#world.faults.isUnacknowledged(number)) {
      // A delivery slower than the visibility timeout deletes a message whose later delivery was killed, and so is not
      // repeated.
      const killed_ms = this.#killed_ms.get(message.message_id) ?? -Infinity;
      if (killed_ms >= invocation.started_ms + VISIBILITY_MS) this.#world.isGone(entityIn(message.body));
      this.#queue(service).delete(message.message_id);
    }
  }

  /** Lambda's event source leaves a failed message alone: it is visible again when the function gave it back for. */
  #fail(service: Service, { message_id }: Received, invocation: Invocation): void {
    const retry_in_ms = this.#retry_in_ms.get(invocation);
    if (retry_in_ms !== undefined) this.#queue(service).changeVisibility(message_id, retry_in_ms);
  }
}
