import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { FolderObjectStore } from '@bronze/common/adapters/local/folder-object-store';
import { SystemClock } from '@bronze/common/adapters/system-clock';
import { CheckpointFile } from '@bronze/common/load/checkpoint-file';
import {
  acknowledge,
  isUnsettled,
  type QuarantinedLoad,
  quarantinedLoads,
  requestFullLoad,
} from '@bronze/common/load/quarantine';
import { QUARANTINE_PREFIX } from '@bronze/common/load/object-keys';
import { quarantinedRows } from '@bronze/common/load/quarantine-lines';
import { EXIT } from '../exit-code.ts';
import { assertFolder, chosenIn, type ConfigOption, configOf, type Folder, readFolder } from '../folder.ts';
import { commandLine } from '../terminal/command-line.ts';
import { count, plural } from '../terminal/numbers.ts';
import { type Format, print, printJson, printTable, right, say } from '../terminal/output.ts';
import { describeReasons, quarantinePath } from '../terminal/quarantined.ts';
import { chosen } from '../unknown-entity.ts';

export interface QuarantineOptions {
  readonly out: string;
  /** Also what is acknowledged or resolved. */
  readonly all?: boolean;
  readonly output: Format;
}

export interface QuarantineListOptions extends QuarantineOptions, ConfigOption {
  readonly allowQuarantine?: boolean;
}

/**
 * `bronze quarantine list [entity…]`: the loads whose rows are in quarantine. Exit code 4 if there are unsettled ones of an
 * entity that may not have them.
 *
 * @throws BronzeError ENTITY_UNKNOWN for a name that neither the configuration nor the folder has
 */
export async function quarantineListCommand(names: readonly string[], options: QuarantineListOptions): Promise<number> {
  await assertFolder(options.out);
  const folder = await readFolder(options.out);
  const file = await configOf(options, folder.entities);
  const configured = file?.config.entities ?? {};
  const entities = chosenIn(options.out, folder, file, names);
  const loads = (await Promise.all(entities.map((entity) => loadsOf(folder, entity)))).flat();
  const shown = options.all ? loads : loads.filter(isUnsettled);
  if (options.output === 'json') printJson(shown);
  else if (shown.length === 0)
    print(`No rows are in quarantine${loads.length > 0 ? ' that need anything: see --all' : ''}.`);
  else {
    printTable(
      ['entity', 'rows', 'state', 'loaded at', 'reason'],
      shown.map(({ entity, rows, state, completed_at, objects }) => [
        entity,
        right(count(rows)),
        state,
        completed_at.slice(0, 19),
        describeReasons(objects),
      ]),
    );
    say(`They are in ${join(options.out, QUARANTINE_PREFIX)}`);
  }
  const isAllowed = (entity: string) =>
    options.allowQuarantine || (Object.hasOwn(configured, entity) && configured[entity]?.allow_quarantine);
  return loads.some((load) => isUnsettled(load) && !isAllowed(load.entity)) ? EXIT.unhealthy : EXIT.ok;
}

/** `bronze quarantine show <entity>`: the rows of its unsettled loads with their reasons, the newest load first. */
export async function quarantineShowCommand(
  entity: string,
  options: QuarantineOptions & { readonly limit: number },
): Promise<number> {
  await assertFolder(options.out);
  const folder = await readFolder(options.out);
  chosen([entity], folder.entities, options.out);
  const { objects } = folder;
  const stored = await loadsOf(folder, entity);
  const loads = stored.filter((load) => options.all || isUnsettled(load)).toReversed();
  const rows: { load_id: string; key: string; reason: string; record: Readonly<Record<string, string | null>> }[] = [];
  for (const { load_id, key } of loads.flatMap(({ load_id, objects }) =>
    objects.map(({ key }) => ({ load_id, key })),
  )) {
    const object = rows.length < options.limit ? await objects.get(key) : undefined;
    const found = object ? quarantinedRows(object.body, options.limit - rows.length) : [];
    rows.push(...found.map((row) => ({ load_id, key, ...row })));
  }
  if (options.output === 'json') printJson(rows);
  else if (loads.length === 0) say(settledLine(entity, stored, options.out));
  else {
    for (const { reason, record } of rows) print(`${reason}\n  ${JSON.stringify(record)}`);
    const total = loads.reduce((sum, load) => sum + load.rows, 0);
    const where = loads.flatMap(({ objects }) => objects.map(({ key }) => `\n  ${join(options.out, key)}`)).join('');
    say(`${entity}: ${count(rows.length)} of ${plural(total, 'row')} in quarantine${where}`);
  }
  return EXIT.ok;
}

/** What is still stored of an entity of which nothing needs anybody. */
function settledLine(entity: string, loads: readonly QuarantinedLoad[], out: string): string {
  const rowsIn = (state: QuarantinedLoad['state']) =>
    loads.filter((load) => load.state === state).reduce((sum, { rows }) => sum + rows, 0);
  const states = (['acknowledged', 'resolved'] as const).filter((state) => rowsIn(state) > 0);
  if (states.length === 0) return `${entity} has no rows in quarantine.`;
  const stored = states.map((state) => `${plural(rowsIn(state), 'row')} ${state}`).join(', ');
  const where = quarantinePath(
    out,
    entity,
    loads.flatMap(({ objects }) => objects),
  );
  const show = commandLine(['quarantine', 'show', entity, '--all'], { out });
  return `${entity}: no rows in quarantine that need anything. ${stored}: still stored in ${where}
  ${show} shows them.`;
}

/**
 * `bronze quarantine release <entity>`: asks for a full load, which reads the rows again with what the configuration says
 * then. The next `bronze run` of the entity makes it.
 */
export async function quarantineReleaseCommand(entity: string, options: QuarantineOptions): Promise<number> {
  return changing(entity, options.out, async (objects, stored) => {
    const loads = stored.filter(({ state }) => state !== 'resolved');
    if (loads.length === 0) return say(settledLine(entity, stored, options.out));
    const isNew = await requestFullLoad(new CheckpointFile(objects), entity, randomUUID());
    say(`${entity}: ${isNew ? 'the next run loads it in full' : 'a full load is asked for or pending already'}: ${commandLine(['run', entity], { out: options.out })}, with --config if it is not bronze.config.ts
  Rows that fit then are in bronze; others are in quarantine again, and shown. Correct them at the source, or their type in the configuration, before.`);
  });
}

/** `bronze quarantine acknowledge <entity>`: rows in quarantine stay where they are, and `status` no longer shows them. */
export async function quarantineAcknowledgeCommand(entity: string, options: QuarantineOptions): Promise<number> {
  return changing(entity, options.out, async (objects, stored) => {
    const loads = stored.filter(isUnsettled);
    if (loads.length === 0) return say(settledLine(entity, stored, options.out));
    const now = new SystemClock().now();
    for (const load of loads) await acknowledge(objects, load, now);
    const rows = loads.reduce((sum, load) => sum + load.rows, 0);
    say(
      `${entity}: ${plural(rows, 'row')} in quarantine acknowledged. They stay in ${quarantinePath(
        options.out,
        entity,
        loads.flatMap(({ objects }) => objects),
      )}`,
    );
  });
}

async function loadsOf({ objects, checkpoints }: Folder, entity: string): Promise<QuarantinedLoad[]> {
  return quarantinedLoads(objects, entity, checkpoints.get(entity));
}

/** @throws BronzeError ENTITY_UNKNOWN if the folder has nothing of the entity */
async function changing(
  entity: string,
  out: string,
  change: (objects: FolderObjectStore, loads: readonly QuarantinedLoad[]) => Promise<void>,
): Promise<number> {
  await assertFolder(out);
  const objects = await FolderObjectStore.open(out);
  try {
    const folder = await readFolder(out);
    chosen([entity], folder.entities, out);
    await change(objects, await loadsOf(folder, entity));
    return EXIT.ok;
  } finally {
    objects.close();
  }
}
