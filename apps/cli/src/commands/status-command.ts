import { SystemClock } from '@bronze/common/adapters/system-clock';
import type { Config } from '@bronze/common/config';
import type { Checkpoint } from '@bronze/common/load/checkpoint';
import { completedLoad, describeLost } from '@bronze/common/load/lost-checkpoint';
import { readLoadRecord } from '@bronze/common/load/load-record';
import { quarantinedLoads } from '@bronze/common/load/quarantine';
import type { ObjectReader } from '@bronze/common/ports/object-store';
import { describeSeconds } from '@bronze/common/words/duration';
import { toFailure } from '@bronze/common/words/failure';
import { deadLetterBlocks } from '../dead-letters.ts';
import { lastChangeLine, lastSchemaChange } from '../drift/last-change.ts';
import { type EntityFacts, type EntityStatus, isHealthy, statusOf } from '../entity-status.ts';
import { EXIT } from '../exit-code.ts';
import {
  chosenIn,
  type ConfigFile,
  type ConfigOption,
  configOf,
  type PipelineState,
  readState,
} from '../pipeline-state.ts';
import { onTarget } from '../target/open-target.ts';
import type { Activity, DeadLetter, QueueDepth, Target } from '../target/target.ts';
import type { TargetOptions } from '../target/target-options.ts';
import { commandLine } from '../terminal/command-line.ts';
import { plural } from '../terminal/numbers.ts';
import { type Format, print, printJson, printTable, say } from '../terminal/output.ts';
import { describeQuarantine } from '../terminal/quarantined.ts';
import { columnsOf } from '../terminal/screen.ts';
import { restoring } from './checkpoint-command.ts';
import { statusTable } from '../terminal/status-table.ts';

export interface StatusOptions extends ConfigOption, TargetOptions {
  readonly allowQuarantine?: boolean;
  readonly output: Format;
}

/**
 * `bronze status [entity…]`: how far each entity has come, what is late, missing or stuck. It changes nothing. Exit code 4
 * if there are dead letters, rows in quarantine that nobody allowed or acknowledged, an entity that is late, or a
 * checkpoint that can't be read or is in the future.
 *
 * @throws BronzeError ENTITY_UNKNOWN for a name that neither the configuration nor the target has
 */
export async function statusCommand(names: readonly string[], options: StatusOptions): Promise<number> {
  return onTarget(options, async (target) => {
    const state = await readState(target);
    const file = await configOf(options, target, state);
    const chosen = chosenIn(target, state, file, names);
    const facts = await Promise.all(chosen.map((entity) => factsOf(state, file?.config, entity)));
    const now = new SystemClock().now();
    const entities = facts.map((one) => statusOf(one, now));
    if (options.output === 'json') printStatus(target, state, file, entities);
    else {
      if (entities.length > 0) printEntities(entities);
      else print(`Nothing was loaded into ${target.name} yet.`);
      sayWhatIsWrong(entities, target, file?.name);
      sayFailures(entities, state.dead_letters, file?.config);
      sayAbandon(entities, state.dead_letters, target);
      if (state.activity.kind === 'counted') say(queuesLine(state.activity.queues));
    }
    const allow_quarantine = options.allowQuarantine ?? false;
    return entities.every((one) => isHealthy(one, allow_quarantine)) ? EXIT.ok : EXIT.unhealthy;
  });
}

function printStatus(
  { given }: Target,
  { activity }: PipelineState,
  file: ConfigFile | undefined,
  entities: readonly EntityStatus[],
): void {
  const { out = null, stack = null, bucket = null } = given;
  const queues = activity.kind === 'counted' ? activity.queues : null;
  printJson({ out, stack, bucket, queues, config: file?.name ?? null, entities });
}

/** `Messages in the queues, about: extract 3 waiting, 1 in flight; write none.` */
function queuesLine(queues: readonly QueueDepth[]): string {
  const described = queues.map((depth) => {
    const counts = [
      [depth.waiting, 'waiting'],
      [depth.in_flight, 'in flight'],
      [depth.delayed, 'delayed'],
    ] as const;
    const said = counts.flatMap(([number, what]) => (number > 0 ? [`${number} ${what}`] : []));
    return `${depth.queue} ${said.join(', ') || 'none'}`;
  });
  return `Messages in the queues, about: ${described.join('; ')}. SQS does not say of which entities they are.`;
}

export function printEntities(entities: readonly EntityStatus[]): void {
  const { head, rows } = statusTable(entities);
  printTable(head, rows);
}

async function factsOf(state: PipelineState, config: Config | undefined, entity: string): Promise<EntityFacts> {
  const { checkpoints, dead_letters, activity } = state;
  const checkpoint = checkpoints.get(entity);
  const isUnreadable = checkpoints.has(entity) && checkpoint === undefined;
  return {
    entity,
    configured: config && configuredOf(config, entity),
    checkpoint,
    ...(await storedOf(state.objects, entity, checkpoint)),
    ...(isUnreadable && { unreadable: 'its checkpoint can’t be read' }),
    lost: checkpoints.has(entity) ? undefined : await whyLost(state.objects, entity),
    failures: dead_letters.filter((letter) => letter.entity === entity).map(({ failure }) => failure),
    isRunning: isRunning(activity, entity),
  };
}

/** Undefined if it was never loaded. */
async function whyLost(objects: ObjectReader, entity: string): Promise<string | undefined> {
  try {
    return (await completedLoad(objects, entity)) && describeLost('it');
  } catch (thrown) {
    const failure = toFailure(thrown);
    if (failure.code !== 'OBJECT_INVALID') throw thrown;
    return failure.message;
  }
}

/** On AWS: false if the queues are empty, as far as SQS knows; else it can't be known. */
function isRunning(activity: Activity, entity: string): boolean | undefined {
  if (activity.kind === 'by_entity') return activity.running.has(entity);
  const messages = activity.queues.reduce((sum, one) => sum + one.waiting + one.in_flight + one.delayed, 0);
  return messages === 0 ? false : undefined;
}

function configuredOf({ entities, sources }: Config, name: string): EntityFacts['configured'] {
  const entity = Object.hasOwn(entities, name) ? entities[name] : undefined;
  if (!entity) return null;
  const { enabled, allow_quarantine, fresh_within = sources[entity.source]?.fresh_within } = entity;
  return { enabled, allow_quarantine, fresh_within };
}

/** A record that can't be read is said of its entity, and hides no other. */
async function storedOf(
  objects: ObjectReader,
  entity: string,
  checkpoint: Checkpoint | undefined,
): Promise<Pick<EntityFacts, 'record' | 'last_schema_change' | 'quarantine' | 'unreadable'>> {
  const load_id = checkpoint?.last_load_id;
  try {
    const record = load_id === undefined ? undefined : await readLoadRecord(objects, { entity, load_id });
    const last_schema_change = await lastSchemaChange(objects, entity, checkpoint);
    const quarantine = await quarantinedLoads(objects, entity, checkpoint);
    return { record, last_schema_change, quarantine, unreadable: undefined };
  } catch (thrown) {
    const failure = toFailure(thrown);
    if (failure.code !== 'OBJECT_INVALID') throw thrown;
    return { record: undefined, last_schema_change: null, quarantine: [], unreadable: failure.message };
  }
}

function sayWhatIsWrong(entities: readonly EntityStatus[], target: Target, config: string | undefined): void {
  sayNotConfigured(entities, config);
  for (const { entity, state, unreadable, last_schema_change } of entities) {
    if (unreadable !== null) say(`${entity}: ${unreadable}`);
    if (state === 'lost') say(`  Nothing is loaded until it has one. ${restoring(target, [entity])}`);
    if (last_schema_change) say(lastChangeLine(entity, last_schema_change));
  }
  for (const { entity, is_late, behind_seconds: age, fresh_within } of entities) {
    const how = age === null ? 'it was never loaded' : `its data is ${describeSeconds(age)} behind`;
    if (is_late) say(`${entity} is late: ${how}, and should be fresh within ${fresh_within}`);
  }
  for (const one of entities) sayMissing(one, target);
}

function sayFailures(
  entities: readonly EntityStatus[],
  dead_letters: readonly DeadLetter[],
  config: Config | undefined,
): void {
  const theirs = entities.flatMap(({ entity }) => dead_letters.filter((letter) => letter.entity === entity));
  const explained = theirs.flatMap(({ failure, ...letter }) => (failure ? [{ ...letter, failure }] : []));
  const blocks = deadLetterBlocks(explained, (entity) => config?.entities[entity]?.source, columnsOf(process.stderr));
  for (const block of blocks) say(block);
  const unexplained = theirs.filter(({ failure }) => !failure);
  for (const [entity, letters] of Map.groupBy(unexplained, (letter) => letter.entity)) {
    say(`${entity}: ${plural(letters.length, 'dead letter')} without a failure record, so it is not known why`);
  }
}

/** Hints are written where nobody knows the command: the functions on AWS don't know how a person reaches them. */
function sayAbandon(entities: readonly EntityStatus[], dead_letters: readonly DeadLetter[], { given }: Target): void {
  for (const { entity, pending_load } of entities) {
    const newest = dead_letters.find((letter) => letter.entity === entity);
    const isAdvised = /abandon the load/i.test(newest?.failure?.hint ?? '');
    if (pending_load && isAdvised) say(`${entity}: ${commandLine(['abandon', entity], given)} abandons its load`);
  }
}

function sayNotConfigured(entities: readonly EntityStatus[], config: string | undefined): void {
  const names = entities.filter(({ is_configured }) => is_configured === false).map(({ entity }) => entity);
  if (names.length === 0) return;
  const state = names.length === 1 ? 'its state is' : 'their states are';
  say(
    `Not in ${config}: ${names.join(', ')}; ${state} kept. If another configuration has them, pass it with --config.`,
  );
}

function sayMissing({ entity, quarantine }: EntityStatus, target: Target): void {
  if (quarantine.length === 0) return;
  const objects = quarantine.flatMap((load) => load.objects);
  say(describeQuarantine(entity, objects, target));
  if (quarantine.some(({ state }) => state === 'releasing')) say('  A full load of it was asked for, or is pending.');
}
