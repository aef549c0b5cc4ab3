import { CheckpointFile } from '@bronze/common/load/checkpoint-file';
import { CheckpointItems } from '@bronze/common/load/checkpoint-items';
import { BronzeError, type FailureCode } from '@bronze/common/words/failure';
import { LOAD_RECORDS_PREFIX } from '@bronze/common/load/object-keys';
import { allKeys } from '@bronze/common/ports/list-pages';
import type { ExtractRequest, WriteMessage } from '@bronze/common/load/messages';
import type { ItemTable } from '@bronze/common/ports/item-table';
import type { ObjectStore } from '@bronze/common/ports/object-store';
import type { TaskQueue } from '@bronze/common/ports/queue';
import type { LocalQueue } from '@bronze/common/adapters/local/local-queue';
import type { Conversion, ParquetEngine } from '@bronze/writer/parquet/parquet-engine';
import type { Agenda, PortCall } from './agenda.ts';
import type { Sent } from './facts.ts';
import type { Invocation } from './invocation.ts';
import { sliceOf } from './ledger.ts';
import { LinesEngine } from './lines-engine.ts';
import type { ObservedStore } from './observed-store.ts';
import type { Asks } from '../model/sim-source.ts';
import { timestampOf, type VirtualClock } from './virtual-clock.ts';

/** The store, queues and clock behind the ports of all invocations. */
export interface Backing {
  readonly agenda: Agenda;
  readonly clock: VirtualClock;
  readonly store: ObservedStore;
  /** The table of the checkpoints; undefined: they are in `checkpoints.json`. */
  readonly table: ItemTable | undefined;
  readonly requests: LocalQueue<ExtractRequest>;
  readonly writes: LocalQueue<WriteMessage>;
  readonly dead_requests: LocalQueue<never>;
  readonly dead_writes: LocalQueue<never>;
  /** How long a message that is sent now stays hidden. Random, because queues keep no order. */
  readonly delay_ms: () => number;
  readonly onSent: (sent: Sent) => void;
  /** These requests have arrived in their queue. */
  readonly onRequested: (requests: readonly Pick<ExtractRequest, 'entity' | 'slice'>[]) => void;
  readonly onLost: (messages: readonly { readonly entity: string }[]) => void;
  readonly nextAttempt: () => string;
  readonly nextSwap: () => string;
}

/** The ports of one invocation. Each call waits on the agenda, which decides its fate. */
export function faultyPorts(backing: Backing, invocation: Invocation) {
  const objects = faultyObjects(backing, invocation);
  const { clock, table } = backing;
  return {
    objects,
    checkpoints: table
      ? new CheckpointItems(faultyTable(table, backing, invocation), { next: backing.nextSwap })
      : new CheckpointFile(objects),
    requests: faultyQueue(backing, invocation, 'requests'),
    writes: faultyQueue(backing, invocation, 'writes'),
    engine: faultyEngine(backing, invocation),
    attempts: { next: backing.nextAttempt },
    codec: { compress: async (ndjson: Uint8Array) => Uint8Array.from(ndjson) },
    deadline: { isNear: () => invocation.isNearItsEnd(), remainingMs: () => Infinity },
    clock: { now: () => timestampOf(clock.now_us + invocation.skew_us), sleep: async () => undefined },
    log: { event: () => undefined },
  };
}

/** Calls of a source in one invocation; they fail with `SOURCE_INTERRUPTED`. */
export function asksOf({ agenda }: Backing, invocation: Invocation): Asks {
  return {
    ask: (name, about, effect, at_us) =>
      agenda.ask(invocation, {
        name,
        about,
        effect,
        failure: failing('SOURCE_INTERRUPTED'),
        ...(at_us !== undefined && { at_us }),
      }),
  };
}

function faultyObjects({ agenda, store }: Backing, invocation: Invocation): ObjectStore {
  const ask = <Answer>(name: string, about: string, effect: () => Promise<Answer>) =>
    agenda.ask(invocation, { name, about, effect, failure: failing('STORE_UNREACHABLE') });
  return {
    get: (key) => ask('objects.get', key, () => store.get(key)),
    putIfAbsent: async (key, body) => {
      const put = await ask('objects.putIfAbsent', key, () => store.putIfAbsent(key, body));
      invocation.hasCommitted ||= sliceOf(key) !== undefined;
      return put;
    },
    replace: (key, body, etag) => ask('objects.replace', key, () => store.replace(key, body, etag)),
    list: (prefix) =>
      allKeys((from) => {
        const page = () => store.listPage(prefix, from);
        // Only who finds no checkpoint looks there. The calls before and after it meet every fault that it could.
        return prefix.startsWith(LOAD_RECORDS_PREFIX) ? page() : ask('objects.list', prefix, page);
      }),
    remove: (key) => ask('objects.remove', key, () => store.remove(key)),
  };
}

/** Its failures are DynamoDB's: throttling, and answers that are lost before or after the put. */
function faultyTable(table: ItemTable, { agenda }: Backing, invocation: Invocation): ItemTable {
  const ask = <Answer>(name: string, about: string, effect: () => Promise<Answer>) =>
    agenda.ask(invocation, { name, about, effect, failure: failing('STORE_UNREACHABLE') });
  return {
    name: table.name,
    get: (entity) => ask('table.get', entity, () => table.get(entity)),
    scan: () => ask('table.scan', table.name, () => table.scan()),
    put: (item, expected) => ask('table.put', item.entity, () => table.put(item, expected)),
    remove: (entity, expected) => ask('table.remove', entity, () => table.remove(entity, expected)),
  };
}

function faultyQueue(backing: Backing, invocation: Invocation, name: 'requests' | 'writes'): TaskQueue<never> {
  const queue: LocalQueue<never> = backing[name];
  const send = async (messages: readonly never[]) => {
    for (const message of messages) await queue.send([message], backing.delay_ms());
    if (name === 'requests') backing.onRequested(messages);
  };
  const sendAll = async (messages: readonly never[]): Promise<void> => {
    if (messages.length === 0) return;
    backing.onSent({ queue: name, bodies: messages, by: invocation });
    const call: PortCall<void> = {
      name: `${name}.send`,
      about: String(messages.length),
      is_send: true,
      effect: () => send(messages),
      partly: () => send(messages.slice(0, Math.floor(messages.length / 2))),
      onLost: () => backing.onLost(messages),
      failure: failing('QUEUE_UNREACHABLE'),
    };
    await backing.agenda.ask(invocation, call);
  };
  return { send: sendAll };
}

function faultyEngine({ agenda }: Backing, invocation: Invocation): ParquetEngine {
  const engine = new LinesEngine();
  async function* convert(conversion: Conversion) {
    const about = conversion.provenance['bronze.write_task'];
    await agenda.ask(invocation, {
      name: 'engine.convert',
      about,
      effect: async () => undefined,
      failure: failing('OBJECT_MISSING'),
    });
    yield* engine.convert(conversion);
  }
  return {
    name: engine.name,
    degraded: () => engine.degraded(),
    rowCountIfOurs: (body, provenance) => engine.rowCountIfOurs(body, provenance),
    convert,
  };
}

/** @returns a function that makes the failure with this code */
export function failing(code: FailureCode) {
  return () => new BronzeError(code, { message: 'simulated', hint: 'simulated' });
}
