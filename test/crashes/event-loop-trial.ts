import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalQueue, Received } from '@bronze/common/adapters/local/local-queue';
import { deliverMessage, type DeliveryPorts } from '@bronze/common/delivery/deliver-message';
import { FAILURES_PREFIX } from '@bronze/common/load/object-keys';
import { BronzeError } from '@bronze/common/words/failure';
import { timestamp } from '@bronze/common/words/timestamp';
import { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import { LocalEventSource } from '@bronze/runner/local-event-source';
import { describePoint, Life, type Point, pointsOf } from './dying-calls.ts';
import { join as joinQueue, type Participant, watch } from './queue-process.ts';
import type { Trial } from './trial.ts';

/** Handled in this order. The first sends a fourth, `following`. */
const MESSAGES = ['plain', 'shaky', 'hopeless'];
/** The message of another run, which lives all the time: nobody else may receive it. */
const FOREIGN = 'foreign';
const NOW = timestamp('2024-01-15');
/** Much longer than a trial: a message that waits for it is stuck. */
const VISIBILITY_MS = 15 * 60 * 1000;
/** Much longer than a message is delayed that is tried again. */
const POLLS_IN_VAIN_MAX = 20;

/** A folder with messages that wait, and what became of them. */
class Place {
  readonly folder: string;
  readonly objects = new MemoryObjectStore();
  /** Bodies whose handling ended well, and bodies that the queue was told to delete, by the process that dies. */
  readonly handled: string[] = [];
  readonly acknowledged: string[] = [];
  readonly #watching: Participant;
  readonly #other: Participant;
  #polls_in_vain = 0;

  /** @param other a run that lives */
  constructor(folder: string, watching: Participant, other: Participant) {
    this.folder = folder;
    this.#watching = watching;
    this.#other = other;
    other.queue.sendText(FOREIGN, {});
    for (const body of MESSAGES) this.watched.sendText(body, {});
  }

  /** Messages that still wait, but for that of the run that lives. */
  left(): string[] {
    return this.watched.bodies().filter((body) => body !== FOREIGN);
  }

  get watched(): LocalQueue<object> {
    return this.#watching.queue;
  }

  /** Delivers as a run does, until the queue is empty or `life` has ended. @returns the bodies that were received */
  async process(life: Life): Promise<string[]> {
    const received: string[] = [];
    this.#polls_in_vain = 0;
    const stop = new AbortController();
    const ends = life.run(async () => {
      const { queue, leave } = await joinQueue(this.folder);
      await this.#sourceOf(queue, (body) => received.push(body)).run(stop.signal);
      leave();
    });
    try {
      while (!life.isDead && this.left().length > 0) {
        none('stuck', this.#stuck());
        await sleep(5);
      }
      return received;
    } finally {
      stop.abort();
      await ends;
    }
  }

  /** Messages that nobody receives, although all that were delayed for a moment are visible by now. */
  #stuck(): string[] {
    return this.#polls_in_vain >= POLLS_IN_VAIN_MAX ? this.left() : [];
  }

  #sourceOf(queue: LocalQueue<object>, onReceived: (body: string) => void): LocalEventSource {
    const bodies = new Map<string, string>();
    const deleteMessage = queue.delete.bind(queue);
    queue.delete = (id) => {
      deleteMessage(id);
      this.acknowledged.push(bodies.get(id) ?? '');
    };
    const receive = queue.receive.bind(queue);
    queue.receive = (...args) => {
      const messages = receive(...args);
      this.#polls_in_vain = messages.length > 0 ? 0 : this.#polls_in_vain + 1;
      return messages;
    };
    const ports: DeliveryPorts = {
      objects: this.objects,
      clock: { now: () => NOW, sleep: async () => undefined },
      log: { event: () => undefined },
      retryInMs: () => 1,
      giveBack: async ({ message_id }, retry_in_ms) => queue.changeVisibility(message_id, retry_in_ms),
      sendToDeadLetterQueue: async ({ message_id }, failure) => queue.deadLetter(message_id, failure),
    };
    const handle = async (message: Received) => {
      onReceived(message.body);
      bodies.set(message.message_id, message.body);
      await deliverMessage(ports, message, () => this.#handle(message, queue));
    };
    return new LocalEventSource({ queue, concurrency: 1, visibility_ms: VISIBILITY_MS, handle });
  }

  async #handle({ body, receive_count }: Received, queue: LocalQueue<object>): Promise<void> {
    const text = { message: body, hint: '' };
    if (body === 'hopeless') throw new BronzeError('TABLE_MISSING', text);
    if (body === 'shaky' && receive_count === 1) throw new BronzeError('SOURCE_TIMEOUT', text);
    await writeFile(join(this.folder, 'done', body), '');
    if (body === 'plain') queue.sendText('following', {});
    this.handled.push(body);
  }

  async close(): Promise<void> {
    this.#other.leave();
    this.#watching.leave();
    await rm(this.folder, { recursive: true });
  }
}

/** One process delivers the messages and dies at `dies_at`; the next one goes on. */
async function dieAt(dies_at?: Point): Promise<Life> {
  const folder = await mkdtemp(join(tmpdir(), 'bronze-crash-'));
  await mkdir(join(folder, 'done'));
  const place = new Place(folder, watch(folder), await joinQueue(folder));
  try {
    const life = new Life(dies_at && { dies_at });
    await place.process(life);
    const left = place.left();
    const dead = () => place.watched.deadLetters().map(({ body }) => body);
    const handled = new Set([...place.handled, ...dead()]);
    const acknowledged = new Set(place.acknowledged);
    none(
      'lost',
      MESSAGES.filter((body) => !left.includes(body) && !handled.has(body)),
    );
    none(
      'delivered again after it was acknowledged',
      left.filter((body) => acknowledged.has(body)),
    );
    const received = await place.process(new Life());
    none(
      'not delivered again',
      left.filter((body) => !received.includes(body)),
    );
    none(
      'delivered again',
      received.filter((body) => !left.includes(body) && body !== 'following'),
    );
    none(
      'dead',
      dead().filter((body) => body !== 'hopeless'),
    );
    const done = await readdir(join(folder, 'done'));
    none(
      'not done',
      ['following', 'plain', 'shaky'].filter((body) => !done.includes(body)),
    );
    if (place.watched.bodies().join() !== FOREIGN) throw new Error('the message of another run was received');
    if (dead().length !== 1) throw new Error(`there are ${dead().length} dead letters`);
    if ((await place.objects.list(FAILURES_PREFIX)).length !== 1)
      throw new Error('a dead letter has no failure record');
    return life;
  } finally {
    await place.close();
  }
}

function none(what: string, bodies: readonly string[]): void {
  if (bodies.length > 0) throw new Error(`${what}: ${bodies.join()}`);
}

/** The local event loop: it dies at each point, and the next process gets what was not acknowledged, and only that. */
export const eventLoopTrial: Trial = async (attempt) => {
  const survivor = await attempt('nobody dies', () => dieAt());
  const calls = survivor?.calls ?? [];
  const points = pointsOf(calls);
  const lane = async () => {
    for (let point = points.shift(); point; point = points.shift()) {
      const dies_at = point;
      await attempt(describePoint(calls, point), () => dieAt(dies_at));
    }
  };
  // They wait most of the time.
  await Promise.all(Array.from({ length: 10 }, lane));
};
