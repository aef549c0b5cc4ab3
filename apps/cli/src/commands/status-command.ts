import { SystemClock } from '@bronze/common/adapters/system-clock';
import type { Config } from '@bronze/common/config';
import type { Checkpoint } from '@bronze/common/load/checkpoint';
import { readLoadRecord } from '@bronze/common/load/load-record';
import { quarantinedLoads } from '@bronze/common/load/quarantine';
import type { ObjectReader } from '@bronze/common/ports/object-store';
import { describeSeconds } from '@bronze/common/words/duration';
import { toFailure } from '@bronze/common/words/failure';
import type { DeadLetter } from '@bronze/runner/folder-state';
import { deadLetterBlocks } from '../dead-letters.ts';
import { lastChangeLine, lastSchemaChange } from '../drift/last-change.ts';
import { type EntityFacts, type EntityStatus, isHealthy, statusOf } from '../entity-status.ts';
import { EXIT } from '../exit-code.ts';
import { assertFolder, chosenIn, type ConfigOption, configOf, type Folder, readFolder } from '../folder.ts';
import { type Format, print, printJson, printTable, say } from '../terminal/output.ts';
import { describeQuarantine } from '../terminal/quarantined.ts';
import { columnsOf } from '../terminal/screen.ts';
import { statusTable } from '../terminal/status-table.ts';

export interface StatusOptions extends ConfigOption {
  readonly out: string;
  readonly allowQuarantine?: boolean;
  readonly output: Format;
}

/**
 * `bronze status [entity…]`: how far each entity has come, what is late, missing or stuck. It changes nothing. Exit code 4
 * if there are dead letters, rows in quarantine that nobody allowed or acknowledged, an entity that is late, or a
 * checkpoint that can't be read or is in the future.
 *
 * @throws BronzeError ENTITY_UNKNOWN for a name that neither the configuration nor the folder has
 */
export async function statusCommand(names: readonly string[], options: StatusOptions): Promise<number> {
  await assertFolder(options.out);
  const folder = await readFolder(options.out);
  const file = await configOf(options, folder.entities);
  const chosen = chosenIn(options.out, folder, file, names);
  const facts = await Promise.all(chosen.map((entity) => factsOf(folder, file?.config, entity)));
  const now = new SystemClock().now();
  const entities = facts.map((one) => statusOf(one, now));
  if (options.output === 'json') printJson({ out: options.out, config: file?.name ?? null, entities });
  else {
    if (entities.length > 0) printEntities(entities);
    else print(`Nothing was loaded into ${options.out} yet.`);
    sayWhatIsWrong(entities, { out: options.out, config: file?.name });
    sayFailures(entities, folder.state.dead_letters, file?.config);
  }
  const allow_quarantine = options.allowQuarantine ?? false;
  return entities.every((one) => isHealthy(one, allow_quarantine)) ? EXIT.ok : EXIT.unhealthy;
}

export function printEntities(entities: readonly EntityStatus[]): void {
  const { head, rows } = statusTable(entities);
  printTable(head, rows);
}

async function factsOf(folder: Folder, config: Config | undefined, entity: string): Promise<EntityFacts> {
  const { checkpoints, state } = folder;
  const checkpoint = checkpoints.get(entity);
  const isUnreadable = checkpoints.has(entity) && checkpoint === undefined;
  return {
    entity,
    configured: config && configuredOf(config, entity),
    checkpoint,
    ...(await storedOf(folder.objects, entity, checkpoint)),
    ...(isUnreadable && { unreadable: 'its checkpoint can’t be read' }),
    failures: state.dead_letters.filter((letter) => letter.entity === entity).map(({ failure }) => failure),
    isRunning: state.running.has(entity),
  };
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

function sayWhatIsWrong(
  entities: readonly EntityStatus[],
  { out, config }: { readonly out: string; readonly config: string | undefined },
): void {
  sayNotConfigured(entities, config);
  for (const { entity, unreadable, last_schema_change } of entities) {
    if (unreadable !== null) say(`${entity}: ${unreadable}`);
    if (last_schema_change) say(lastChangeLine(entity, last_schema_change));
  }
  for (const { entity, is_late, behind_seconds: age, fresh_within } of entities) {
    const how = age === null ? 'it was never loaded' : `its data is ${describeSeconds(age)} behind`;
    if (is_late) say(`${entity} is late: ${how}, and should be fresh within ${fresh_within}`);
  }
  for (const one of entities) sayMissing(one, out);
}

function sayFailures(
  entities: readonly EntityStatus[],
  dead_letters: readonly DeadLetter[],
  config: Config | undefined,
): void {
  const theirs = entities.flatMap(({ entity }) => dead_letters.filter((letter) => letter.entity === entity));
  const blocks = deadLetterBlocks(theirs, (entity) => config?.entities[entity]?.source, columnsOf(process.stderr));
  for (const block of blocks) say(block);
}

function sayNotConfigured(entities: readonly EntityStatus[], config: string | undefined): void {
  const names = entities.filter(({ is_configured }) => is_configured === false).map(({ entity }) => entity);
  if (names.length === 0) return;
  const state = names.length === 1 ? 'its state is' : 'their states are';
  say(
    `Not in ${config}: ${names.join(', ')}; ${state} kept. If another configuration has them, pass it with --config.`,
  );
}

function sayMissing({ entity, quarantine }: EntityStatus, out: string): void {
  if (quarantine.length === 0) return;
  const objects = quarantine.flatMap((load) => load.objects);
  say(describeQuarantine(entity, objects, out));
  if (quarantine.some(({ state }) => state === 'releasing')) say('  A full load of it was asked for, or is pending.');
}
