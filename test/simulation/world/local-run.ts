import { CheckpointFile } from '@bronze/common/load/checkpoint-file';
import { entityIn } from '@bronze/common/load/messages';
import { planRun } from '@bronze/planner/plan-run';
import { isDecided, readCheckpoint, type Run, settle, type SettlingPipeline } from '@bronze/runner/settle';
import { takeOver } from '@bronze/runner/take-over';
import type { FaultPlan } from '../faults/fates.ts';
import { healthy } from './facts.ts';
import type { World } from './world.ts';

/** Owns the run's requests. What follows from them is nobody's here, so the run takes it for left behind. */
const OWNER = 'run';
/** A run that asks more often than this asks for ever. */
const ROUNDS_MAX = 200;

export interface LocalRun {
  /** How often it asked again. */
  readonly rounds: number;
  /** Entities that are neither decided nor dead: none, if the run kept its word. */
  readonly undecided: readonly string[];
  /** Entities that were dead although nothing is wrong with them but faults. */
  readonly dead: readonly string[];
}

/**
 * What `bronze run` does with a world: it plans, and settles among faults. The process itself meets none; another
 * one's messages and loads are what the world had left.
 *
 * @throws Error when it asks for ever
 */
export async function runInWorld(world: World, faults: FaultPlan): Promise<LocalRun> {
  let rounds = 0;
  const { requests, writes } = world.backing;
  const own = world.requestsOf(OWNER);
  const log = { event: () => undefined };
  const pipeline: SettlingPipeline = {
    objects: world.raw,
    checkpoints: new CheckpointFile(world.raw),
    requests: {
      send: async (messages) => {
        await own.send(messages);
        requests.changes += 1;
      },
    },
    clock: {
      now: () => world.clock.now,
      sleep: async (duration_ms) => {
        rounds += 1;
        if (rounds > ROUNDS_MAX) throw new Error('the run asks for ever');
        world.clock.tick(duration_ms * 1000);
      },
    },
    // Whatever the run has not sent itself was left by others, be it that their invocations still run.
    takeOver: (plan) =>
      takeOver({ requests, writes, isOver: (owner) => owner !== OWNER }, plan, async (entity) => {
        return (await readCheckpoint(pipeline, entity)).checkpoint?.pending_load;
      }),
    drain: () => world.drain(faults),
    hasMessages: (entity) =>
      [requests, writes].some((queue) => queue.bodies().some((body) => entityIn(body) === entity)),
  };
  const letters = () =>
    [requests, writes]
      .flatMap((queue) => queue.deadLetters())
      .map(({ message_id, body, failure }) => ({ message_id, entity: entityIn(body), failure }));
  const old = new Set(letters().map(({ message_id }) => message_id));
  const failures = () => {
    const fresh = letters().filter(({ message_id }) => !old.has(message_id));
    return new Map(fresh.toReversed().map(({ entity, failure }) => [entity, failure]));
  };
  const before = new Map(await pipeline.checkpoints.readAll());
  const plan = await planRun({ ...pipeline, log }, world.options.workload.config, {
    scheduled_at: world.clock.now,
    is_schedule: false,
  });
  const order = { begun: new Set<string>(), dependencies: new Map() };
  const run: Run = { pipeline, plan, load_type: undefined, before, ...order, failures };
  await settle(run, new AbortController().signal);
  const dead = failures();
  const undecided: string[] = [];
  for (const load of plan.planned) {
    if (!dead.has(load.entity) && !(await isDecided(run, load))) undecided.push(load.entity);
  }
  const names = new Set(healthy(world.facts).map(({ name }) => name));
  return { rounds, undecided, dead: [...dead.keys()].filter((name) => names.has(name)) };
}
