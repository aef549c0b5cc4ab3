/** The folder of earlier runs that a command is about, and the configuration that belongs to it. */
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { FolderObjectReader } from '@bronze/common/adapters/local/folder-object-reader';
import type { Config } from '@bronze/common/config';
import type { Checkpoint } from '@bronze/common/load/checkpoint';
import { readCheckpoints } from '@bronze/common/load/checkpoint-file';
import { entitiesInQuarantine } from '@bronze/common/load/quarantine';
import type { ObjectReader } from '@bronze/common/ports/object-store';
import { machineError } from '@bronze/common/words/failure';
import { type FolderState, readFolderState } from '@bronze/runner/folder-state';
import { loadConfig } from './config-file.ts';
import { usageError } from './exit-code.ts';
import { say } from './terminal/output.ts';
import { chosen } from './unknown-entity.ts';

export interface ConfigOption {
  /** Default: {@link DEFAULT_CONFIG}, if that file exists and is about the entities in the folder. */
  readonly config?: string;
}

const DEFAULT_CONFIG = 'bronze.config.ts';

export interface ConfigFile {
  readonly name: string;
  readonly config: Config;
}

/** What the folder says about all its entities. */
export interface Folder {
  readonly objects: ObjectReader;
  readonly checkpoints: ReadonlyMap<string, Checkpoint | undefined>;
  readonly state: FolderState;
  readonly entities: readonly string[];
}

/** @throws BronzeError CONFIG_INVALID if the folder does not exist, or is none */
export async function assertFolder(out: string): Promise<void> {
  const hint = 'Pass --out with the folder of an earlier bronze run.';
  const found = await stat(out).catch((thrown: unknown) => {
    throw machineError(thrown, out) ?? usageError(`the folder ${out} does not exist`, hint);
  });
  if (!found.isDirectory()) throw usageError(`${out} is not a folder`, hint);
}

export async function readFolder(out: string): Promise<Folder> {
  const objects = new FolderObjectReader(out);
  const state = readFolderState(out);
  const checkpoints = await readCheckpoints(objects);
  const dead = state.dead_letters.map(({ entity }) => entity);
  const quarantined = await entitiesInQuarantine(objects);
  return { objects, checkpoints, state, entities: [...new Set([...checkpoints.keys(), ...dead, ...quarantined])] };
}

/** The configuration; undefined if there is none, or if that of this folder is about other entities. */
export async function configOf(
  options: ConfigOption & { readonly out: string },
  entities: readonly string[],
): Promise<ConfigFile | undefined> {
  const name = options.config ?? DEFAULT_CONFIG;
  if (options.config === undefined && !existsSync(name)) return undefined;
  const config = await loadConfig(name);
  const isTheirs = entities.length === 0 || entities.some((entity) => Object.hasOwn(config.entities, entity));
  if (options.config !== undefined || isTheirs) return { name, config };
  say(`${DEFAULT_CONFIG} has none of the entities in ${options.out}: pass --config with theirs.`);
  return undefined;
}

/**
 * The entities that somebody named, or all that the configuration or the folder has.
 *
 * @throws BronzeError ENTITY_UNKNOWN for a name that neither has
 */
export function chosenIn(
  out: string,
  { entities }: Folder,
  file: ConfigFile | undefined,
  names: readonly string[],
): readonly string[] {
  const known = [...new Set([...Object.keys(file?.config.entities ?? {}), ...entities])];
  return chosen(names, known, file ? `${file.name} or ${out}` : out);
}
