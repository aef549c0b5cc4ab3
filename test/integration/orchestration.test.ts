import { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import { dependenciesAmong, groupsOfWaves } from '@bronze/common/config/order';
import { defineConfig } from '@bronze/common/config';
import { CheckpointFile } from '@bronze/common/load/checkpoint-file';
import type { ExtractRequest } from '@bronze/common/load/messages';
import { AWAITED_PREFIX, failureRecordKey, loadRecordKey } from '@bronze/common/load/object-keys';
import { encodeJson } from '@bronze/common/words/json';
import { EPOCH, timestamp } from '@bronze/common/words/timestamp';
import { stateMachineDefinition } from '@bronze/constructs/state-machine';
import {
  type OrchestratorPorts,
  reportEnds,
  takeTurn,
  WAITS_SECONDS_MAX,
} from '@bronze/planner/orchestration/orchestrate';
import { decodeOrchestratorEvent, type End, summaryOf } from '@bronze/planner/orchestration/turn';
import validate from 'asl-validator';
import { StateMachine } from 'aws-local-stepfunctions';
import { expect, test } from 'vitest';

const AFTER: Readonly<Record<string, string[]>> = {
  customers: [],
  products: [],
  orders: ['customers'],
  items: ['orders', 'products'],
  payments: [],
  refunds: ['payments'],
};
const NAMES = Object.keys(AFTER);
const table = { source: 'db', table: 'public.x' };
const config = defineConfig({
  sources: { db: { type: 'postgres', url: 'unused' } },
  entities: Object.fromEntries(
    NAMES.map((name) => [name, { ...table, ...(AFTER[name]?.length && { after: AFTER[name] }) }]),
  ),
});
const groups = groupsOfWaves(dependenciesAmong(NAMES, (name) => AFTER[name] ?? []));
const OPTIONS = {
  partition: 'aws',
  orchestratorArn: 'arn:aws:lambda:eu-central-1:123456789012:function:orchestrator',
  wait_seconds: WAITS_SECONDS_MAX,
};
const definition = stateMachineDefinition(groups, OPTIONS);
const AT = timestamp('2024-01-16T02:00:00Z');

type Waiting = { readonly resolve: (end: End) => void; readonly reject: (failure: Error) => void };

/** What the state machine and the pipeline are to the orchestrator: who waits, what was asked for and how it ended. */
class World {
  readonly objects = new MemoryObjectStore();
  readonly requested: string[] = [];
  readonly ended: string[] = [];
  readonly #waiting = new Map<string, Waiting>();
  readonly #failing: ReadonlySet<string>;

  /** @param failing entities whose requests go to the dead-letter queue */
  constructor(...failing: string[]) {
    this.#failing = new Set(failing);
  }

  readonly ports: OrchestratorPorts = {
    objects: this.objects,
    checkpoints: new CheckpointFile(this.objects),
    clock: { now: () => AT, sleep: async () => undefined },
    requests: {
      send: async (requests) => {
        for (const request of requests) await this.#load(request);
      },
    },
    callbacks: {
      end: async (token, end) => {
        const { resolve, reject } = this.#waiting.get(token) ?? {};
        if (end.status === 'failed') reject?.(Object.assign(new Error('failed'), { name: end.reason ?? '' }));
        else resolve?.(end);
      },
    },
    log: { event: () => undefined },
  };

  /** Ends the load, with the object that the pipeline leaves. */
  async #load({ entity, load_id }: ExtractRequest): Promise<void> {
    this.requested.push(entity);
    this.ended.push(entity);
    if (this.#failing.has(entity)) {
      const [message_id, message] = [load_id, JSON.stringify({ entity, load_id })];
      const failure = {
        message_id,
        message,
        failed_at: AT,
        code: 'SOURCE_DENIED',
        kind: 'permanent',
        reason: '',
        hint: '',
      };
      await this.objects.putIfAbsent(failureRecordKey(AT, load_id), encodeJson(failure));
    } else {
      const window = { since: EPOCH, until: AT, ingested_at: AT, completed_at: AT };
      const counts = { rows: 0, rows_in_bronze: 0, rows_quarantined: 0, slices: 1, write_tasks: 0 };
      const lists = { engines: [], columns: [], parts: [], quarantine: [] };
      const record = {
        version: 1,
        status: 'completed',
        entity,
        load_id,
        load_type: 'full',
        ...window,
        ...counts,
        ...lists,
      };
      await this.objects.putIfAbsent(loadRecordKey({ entity, load_id }), encodeJson(record));
    }
  }

  /** What `lambda:invoke.waitForTaskToken` does: the task ends when its token comes back, not when the function ends. */
  async invokeAndWait({ Payload }: Invoked): Promise<End> {
    const task_token = `token of ${String(Payload['entity'])}`;
    const event = decodeOrchestratorEvent({ ...Payload, task_token });
    if (event.kind !== 'turn') throw new Error('not a turn');
    const { promise, ...settle } = Promise.withResolvers<End>();
    this.#waiting.set(task_token, settle);
    await takeTurn(this.ports, config, event.turn);
    await reportEnds(this.ports);
    return promise;
  }

  /** An execution, in a local interpreter of the states language. */
  async execute(asked: Record<string, unknown>): Promise<unknown> {
    const run_id = '00000000-0000-8000-8000-00000000000a';
    const input = { scheduled_at: AT, is_schedule: false, run_id, ...asked };
    const machine = new StateMachine(definition as never);
    const invoke = async (invoked: Invoked) => this.invokeAndWait(invoked);
    const tasks = Object.fromEntries(NAMES.map((name) => [name, invoke]));
    const finish = async ({ Payload }: Invoked) => {
      const event = decodeOrchestratorEvent(Payload);
      return event.kind === 'finish' ? { Payload: summaryOf(event.ends) } : undefined;
    };
    const context = { Task: { Token: 'of the task' } };
    const handlers = { ...tasks, 'Sum up': finish } as never;
    return machine.run(input, { overrides: { taskResourceLocalHandlers: handlers }, context }).result;
  }
}

interface Invoked {
  readonly Payload: Record<string, unknown>;
}

test('the definition is valid by the JSON schema of the states language, for one entity too', () => {
  for (const one of [definition, stateMachineDefinition([[['customers']]], OPTIONS)]) {
    const { isValid, errorsText } = validate(one, { checkPaths: true, checkArn: true });
    expect(isValid, errorsText()).toBe(true);
  }
});

test('each entity is requested once all that it is loaded after have ended', async () => {
  const world = new World();
  expect(await world.execute({ is_schedule: true })).toMatchObject({
    completed: expect.arrayContaining(NAMES) as string[],
    is_complete: true,
  });
  expect(world.requested.toSorted()).toEqual(NAMES.toSorted());
  for (const [entity, after] of Object.entries(AFTER)) {
    for (const other of after)
      expect(world.requested.indexOf(entity), `${entity} after ${other}`).toBeGreaterThan(world.ended.indexOf(other));
  }
  expect(await world.objects.list(AWAITED_PREFIX)).toEqual([]);
});

test('after a dead letter everything else is loaded, what comes behind it is skipped, and the execution fails', async () => {
  const world = new World('customers');
  await expect(world.execute({})).rejects.toThrow(/At least one entity was not loaded/);
  expect(world.requested.toSorted()).toEqual(['customers', 'payments', 'products', 'refunds']);
});

test('an awaited load that can’t be read keeps no other end from being reported, and is said to be damaged', async () => {
  const world = new World();
  const ends: End[] = [];
  const ports = { ...world.ports, callbacks: { end: async (_: string, end: End) => void ends.push(end) } };
  const input = { scheduled_at: AT, is_schedule: true, run_id: '10000000-0000-8000-8000-000000000000' };
  await takeTurn(ports, config, { entity: 'customers', task_token: 'token', input, ended: {} });
  await world.objects.putIfAbsent(`${AWAITED_PREFIX}a/damaged.json`, Buffer.from('{'));
  await expect(reportEnds(ports)).rejects.toMatchObject({ code: 'OBJECT_INVALID' });
  expect(ends).toEqual([{ entity: 'customers', status: 'completed' }]);
});

test('an execution loads only the entities that its input names', async () => {
  const world = new World();
  await expect(world.execute({ entities: ['items', 'payments'] })).resolves.toMatchObject({ is_complete: true });
  expect(world.requested.toSorted()).toEqual(['items', 'payments']);
});

test('an input that is none fails the execution, and requests nothing', async () => {
  const world = new World();
  await expect(world.execute({ entites: [] })).rejects.toThrow(/At least one entity was not loaded/);
  expect(world.requested).toEqual([]);
});
