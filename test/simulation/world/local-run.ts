import { CheckpointFile } from '@bronze/common/load/checkpoint-file';
import { entityIn } from '@bronze/common/load/messages';
import { planRun } from '@bronze/planner/plan-run';
import { deadLettersOf } from '@bronze/runner/dead-letters';
import { deadEntities, isDecided, type Run, settle, type SettlingPipeline } from '@bronze/runner/settle';
import type { FaultPlan } from '../faults/fates.ts';
import { healthy } from './facts.ts';
import type { World } from './world.ts';

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
  const log = { event: () => undefined };
  const pipeline: SettlingPipeline = {
    objects: world.raw,
    checkpoints: new CheckpointFile(world.raw),
    requests,
    clock: {
      now: () => world.clock.now,
      sleep: async (duration_ms) => {
        rounds += 1;
        if (rounds > ROUNDS_MAX) throw new Error('the run asks for ever');
        world.clock.tick(duration_ms * 1000);
      },
    },
    drain: () => world.drain(faults),
    hasMessages: (entity) =>
      [requests, writes].some((queue) => queue.bodies().some((body) => entityIn(body) === entity)),
    deadLetters: () => deadLettersOf([requests, writes]),
  };
  const old = new Set(pipeline.deadLetters().map(({ message_id }) => message_id));
  const before = await pipeline.checkpoints.readAll();
  const plan = await planRun({ ...pipeline, log }, world.options.workload.config, {
    scheduled_at: world.clock.now,
    is_schedule: false,
  });
  const run: Run = { pipeline, plan, load_type: undefined, old, before };
  await settle(run, new AbortController().signal);
  const dead = deadEntities(pipeline, old);
  const undecided: string[] = [];
  for (const load of plan.planned) {
    if (!dead.has(load.entity) && !(await isDecided(run, load))) undecided.push(load.entity);
  }
  const names = new Set(healthy(world.facts).map(({ name }) => name));
  return { rounds, undecided, dead: [...dead.keys()].filter((name) => names.has(name)) };
}
