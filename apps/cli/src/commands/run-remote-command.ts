import { randomUUID } from 'node:crypto';
import { SystemClock } from '@bronze/common/adapters/system-clock';
import { entityOf } from '@bronze/common/config';
import type { ExtractRequest } from '@bronze/common/load/messages';
import { type PlannedLoad, planRun } from '@bronze/planner/plan-run';
import { EXIT, exitCodeOfRun, usageError } from '../exit-code.ts';
import { type ConfigFile, type ConfigOption, configOf } from '../pipeline-state.ts';
import { onTarget } from '../target/open-target.ts';
import type { Target } from '../target/target.ts';
import { DEFAULT_STACK, type TargetOptions } from '../target/target-options.ts';
import { type Format, printJson, printTable, say } from '../terminal/output.ts';
import { unknownEntity } from '../unknown-entity.ts';
import { sayProblems } from './plan-command.ts';
import { abandonAll, assertNamed } from './restart.ts';
import { type Ended, waitForLoads } from './wait-for-loads.ts';

export interface RunRemoteOptions extends ConfigOption, TargetOptions {
  readonly full?: boolean;
  /** Whether to give up the pending loads of the named entities first. */
  readonly restart?: boolean;
  /** Whether to wait until each load is decided. */
  readonly wait?: boolean;
  readonly output: Format;
}

type Checkpoints = Awaited<ReturnType<Target['readCheckpoints']>>;
type Asked = Pick<PlannedLoad, 'entity' | 'load_id' | 'claimed_at' | 'problem'>;

/**
 * `bronze run --remote [entity…]`: asks the pipeline on AWS for loads, outside its schedule. Exit code 4 if one was not asked
 * for, because its checkpoint is lost or can't be read; with `wait`, else as of a run.
 *
 * @throws BronzeError ENTITY_UNKNOWN for a name that the configuration does not have or, without one, no checkpoint;
 *   CONFIG_INVALID without names and a configuration
 */
export async function runRemoteCommand(names: readonly string[], options: RunRemoteOptions): Promise<number> {
  return onTarget({ ...options, stack: options.stack ?? DEFAULT_STACK }, async (target) => {
    const { objects, checkpoints, requests } = await target.open();
    const found = await target.readCheckpoints();
    const file = await configOf(options, target, { objects, checkpoints: found, entities: [...found.keys()] });
    const before = options.restart ? await restarted(target, file, found, names) : found;
    const sent: ExtractRequest[] = [];
    const asked = file
      ? await plan(target, file, { names, options, requests: { send: async (all) => void sent.push(...all) } })
      : byName(target, before, { names, options, sent });
    const failing = asked.filter(({ problem }) => problem);
    const wanted = asked.filter(({ problem }) => !problem);
    const waiting =
      options.wait &&
      (await waitForLoads({ objects, checkpoints, clock: new SystemClock(), given: target.given }, before, wanted));
    await requests.send(sent.filter(({ entity }) => wanted.some((one) => one.entity === entity)));
    sayProblems(failing as PlannedLoad[], target.given);
    if (!waiting) show(wanted, options.output);
    const ended = waiting ? await waiting() : [];
    if (waiting) showEnded(ended, options.output);
    return failing.length > 0 ? EXIT.unhealthy : exitCodeOfRun(ended);
  });
}

/** Nothing is given up before all names are known. @returns the checkpoints after that */
async function restarted(
  target: Target,
  file: ConfigFile | undefined,
  before: Checkpoints,
  names: readonly string[],
): Promise<Checkpoints> {
  assertNamed(names);
  if (file) for (const name of names) entityOf(file.config, name);
  else assertHaveCheckpoints(target, before, names);
  await abandonAll(target, names);
  return target.readCheckpoints();
}

interface Wanted {
  readonly names: readonly string[];
  readonly options: RunRemoteOptions;
}

async function plan(
  target: Target,
  { config }: ConfigFile,
  { names, options, requests }: Wanted & Pick<Parameters<typeof planRun>[0], 'requests'>,
): Promise<readonly Asked[]> {
  const checkpoints = { readAll: () => target.readCheckpoints() };
  const log = { event: () => undefined };
  const { planned, skipped } = await planRun({ objects: target.objects, checkpoints, requests, log }, config, {
    scheduled_at: new SystemClock().now(),
    is_schedule: false,
    load_type: options.full ? 'full' : undefined,
    entities: names.length > 0 ? names : undefined,
  });
  for (const { entity, reason } of skipped) say(`${entity}: skipped, ${reason}`);
  return planned;
}

/** Without a configuration, the checkpoints say which entities there are. */
function byName(
  target: Target,
  before: Checkpoints,
  { names, options, sent }: Wanted & { readonly sent: ExtractRequest[] },
): readonly Asked[] {
  if (names.length === 0) {
    throw usageError('there is no configuration that says which entities there are', 'Name them, or pass --config.');
  }
  assertHaveCheckpoints(target, before, names);
  const load_type = options.full ? { load_type: 'full' as const } : {};
  sent.push(...[...new Set(names)].map((entity) => ({ entity, load_id: randomUUID(), ...load_type })));
  return sent;
}

function assertHaveCheckpoints(target: Target, before: Checkpoints, names: readonly string[]): void {
  const unknown = names.find((name) => !before.has(name));
  if (unknown !== undefined) throw unknownEntity(unknown, `the checkpoints of ${target.name}`, [...before.keys()]);
}

function show(asked: readonly Asked[], output: Format): void {
  if (output === 'json') return printJson(asked);
  if (asked.length === 0) return;
  printTable(
    ['entity', 'load'],
    asked.map(({ entity, load_id }) => [entity, load_id]),
  );
  for (const { entity, claimed_at } of asked) {
    if (claimed_at) say(`${entity}: this is the full load that was claimed at ${claimed_at} and is still pending`);
  }
}

function showEnded(ended: readonly Ended[], output: Format): void {
  if (output === 'json') return printJson(ended);
  printTable(
    ['entity', 'status', 'load', 'rows', 'checkpoint'],
    ended.map(({ entity, status, load_id, rows, until, failure }) => [
      entity,
      status,
      load_id,
      rows === null ? (failure?.code ?? '') : String(rows),
      until ?? '',
    ]),
  );
  for (const { entity, failure } of ended) {
    if (failure) say(`${entity} failed: ${failure.code}\n  ${failure.message}\n  What to do: ${failure.hint}`);
  }
}
