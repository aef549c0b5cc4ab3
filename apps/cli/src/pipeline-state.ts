/** What a target says about all its entities, and the configuration that belongs to it. */
import { existsSync } from 'node:fs';
import type { Config } from '@bronze/common/config';
import type { Checkpoint } from '@bronze/common/load/checkpoint';
import { entitiesInQuarantine } from '@bronze/common/load/quarantine';
import { entitiesWithRecords } from '@bronze/common/load/restore-checkpoint';
import type { ObjectReader } from '@bronze/common/ports/object-store';
import { loadConfig } from './config-file.ts';
import type { Activity, DeadLetter, Target } from './target/target.ts';
import { say } from './terminal/output.ts';
import { chosen } from './unknown-entity.ts';

export interface ConfigOption {
  /** Default: {@link DEFAULT_CONFIG}, if that file exists and is about the entities of the target. */
  readonly config?: string;
}

export const DEFAULT_CONFIG = 'bronze.config.ts';

export interface ConfigFile {
  readonly name: string;
  readonly config: Config;
}

/** What is stored of the entities, apart from messages. */
export interface StoredState {
  readonly objects: ObjectReader;
  readonly checkpoints: ReadonlyMap<string, Checkpoint | undefined>;
  /** Those that the target knows: by a checkpoint, rows in quarantine or a dead letter. */
  readonly entities: readonly string[];
}

export interface PipelineState extends StoredState {
  /** The newest first. */
  readonly dead_letters: readonly DeadLetter[];
  readonly activity: Activity;
}

/** On AWS, dead letters are not looked at: a command that does not show them needs no right to receive them. */
export async function readStored(target: Target): Promise<StoredState> {
  return storedState(target, target.kind === 'folder' ? await target.deadLetters() : []);
}

export async function readState(target: Target): Promise<PipelineState> {
  const [dead_letters, activity] = await Promise.all([target.deadLetters(), target.activity()]);
  return { ...(await storedState(target, dead_letters)), dead_letters, activity };
}

async function storedState(target: Target, dead_letters: readonly DeadLetter[]): Promise<StoredState> {
  const { objects } = target;
  const checkpoints = await target.readCheckpoints();
  const quarantined = await entitiesInQuarantine(objects);
  const dead = dead_letters.map(({ entity }) => entity);
  // Without any checkpoint, what was loaded shows only there: somebody may have removed the file.
  const loaded = checkpoints.size === 0 ? await entitiesWithRecords(objects) : [];
  return { objects, checkpoints, entities: [...new Set([...checkpoints.keys(), ...dead, ...quarantined, ...loaded])] };
}

/** The configuration; undefined if there is none, or if that of this target is about other entities. */
export async function configOf(
  options: ConfigOption,
  target: Target,
  { entities }: StoredState,
): Promise<ConfigFile | undefined> {
  const name = options.config ?? DEFAULT_CONFIG;
  if (options.config === undefined && !existsSync(name)) return undefined;
  const config = await loadConfig(name);
  const isTheirs = entities.length === 0 || entities.some((entity) => Object.hasOwn(config.entities, entity));
  if (options.config !== undefined || isTheirs) return { name, config };
  say(`${DEFAULT_CONFIG} has none of the entities in ${target.name}: pass --config with theirs.`);
  return undefined;
}

/**
 * The entities that somebody named, or all that the configuration or the target has.
 *
 * @throws BronzeError ENTITY_UNKNOWN for a name that neither has
 */
export function chosenIn(
  { name }: Target,
  { entities }: StoredState,
  file: ConfigFile | undefined,
  names: readonly string[],
): readonly string[] {
  const known = [...new Set([...Object.keys(file?.config.entities ?? {}), ...entities])];
  return chosen(names, known, file ? `${file.name} or ${name}` : name);
}
