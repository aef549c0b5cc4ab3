import { SystemClock } from '@bronze/common/adapters/system-clock';
import { type Plan, type PlannedLoad, planRun } from '@bronze/planner/plan-run';
import { loadConfig } from '../config-file.ts';
import { EXIT } from '../exit-code.ts';
import { DEFAULT_CONFIG } from '../pipeline-state.ts';
import { onTarget } from '../target/open-target.ts';
import type { TargetOptions } from '../target/target-options.ts';
import { commandLine, type GivenOptions } from '../terminal/command-line.ts';
import { flexible, type Format, kept, print, printJson, printTable, say } from '../terminal/output.ts';

export interface PlanOptions extends TargetOptions {
  readonly full?: boolean;
  readonly config?: string;
  readonly output: Format;
}

/**
 * `bronze plan [entity…]`: what a run would ask for now, without asking. Exit code 4 if one of the requests would fail because
 * of its checkpoint.
 *
 * @throws BronzeError ENTITY_UNKNOWN, CONFIG_NOT_FOUND, CHECKPOINTS_UNREADABLE
 */
export async function planCommand(names: readonly string[], options: PlanOptions): Promise<number> {
  const file = options.config ?? DEFAULT_CONFIG;
  const config = await loadConfig(file);
  return onTarget(options, async (target) => {
    const ports = {
      objects: target.objects,
      checkpoints: { readAll: () => target.readCheckpoints() },
      requests: { send: async () => undefined },
      log: { event: () => undefined },
    };
    const plan = await planRun(ports, config, {
      scheduled_at: new SystemClock().now(),
      is_schedule: false,
      load_type: options.full ? 'full' : undefined,
      entities: names.length > 0 ? names : undefined,
    });
    if (options.output === 'json') printJson({ planned: plan.planned.map(withoutId), skipped: plan.skipped });
    else printPlan(plan, file);
    sayProblems(plan.planned, target.given);
    return plan.planned.some(({ problem }) => problem) ? EXIT.unhealthy : EXIT.ok;
  });
}

/** Ids depend on the time of the run. That of a load which is continued is known. */
function withoutId({ load_id, claimed_at, ...planned }: PlannedLoad) {
  return { ...planned, ...(claimed_at && { load_id, claimed_at }) };
}

function printPlan({ planned, skipped }: Plan, config: string): void {
  if (planned.length + skipped.length === 0) return print(`${config} has no entities.`);
  printTable(
    ['entity', kept('load'), kept('since'), flexible('', 20)],
    [
      ...planned.map((one) => [one.entity, ...loadOf(one)]),
      ...skipped.map(({ entity, reason }) => [entity, 'none', '', `skipped, ${reason}`]),
    ],
  );
}

function loadOf({ load_type, since, load_id, claimed_at, problem }: PlannedLoad): string[] {
  if (problem) return ['none', '', `would fail: ${problem}`];
  const noted = claimed_at ? `continues load ${load_id}, claimed at ${claimed_at}` : '';
  return [load_type, load_type === 'full' ? 'the beginning' : since, noted];
}

/** What a request would fail with because of its checkpoint, and what to do about it. */
export function sayProblems(planned: readonly PlannedLoad[], given: GivenOptions): void {
  for (const { entity, problem } of planned) {
    if (problem === undefined) continue;
    const what =
      problem === 'CHECKPOINT_LOST'
        ? 'its checkpoint is gone, although loads of it have completed'
        : 'what says how far it is can’t be read';
    const [restore, reset] = ['restore', 'reset'].map((verb) => commandLine(['checkpoint', verb, entity], given));
    say(
      `${entity}: ${what} (${problem}). To go on from its load records: ${restore}. To load it in full again: ${reset}`,
    );
  }
}
