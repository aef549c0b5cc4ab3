import { randomUUID } from 'node:crypto';
import { SystemClock } from '@bronze/common/adapters/system-clock';
import {
  acknowledge,
  isUnsettled,
  type QuarantinedLoad,
  quarantinedLoads,
  requestFullLoad,
} from '@bronze/common/load/quarantine';
import { QUARANTINE_PREFIX } from '@bronze/common/load/object-keys';
import { type QuarantinedRow, quarantinedRows } from '@bronze/common/load/quarantine-lines';
import { EXIT } from '../exit-code.ts';
import { chosenIn, type ConfigOption, configOf, readStored, type StoredState } from '../pipeline-state.ts';
import { onTarget } from '../target/open-target.ts';
import type { Target } from '../target/target.ts';
import type { TargetOptions } from '../target/target-options.ts';
import { commandLine } from '../terminal/command-line.ts';
import { count, plural } from '../terminal/numbers.ts';
import { type Format, print, printJson, printTable, right, say } from '../terminal/output.ts';
import { describeReasons, quarantinePath } from '../terminal/quarantined.ts';
import { chosen } from '../unknown-entity.ts';

export interface QuarantineOptions extends TargetOptions {
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
  return onTarget(options, async (target) => {
    const state = await readStored(target);
    const file = await configOf(options, target, state);
    const configured = file?.config.entities ?? {};
    const entities = chosenIn(target, state, file, names);
    const loads = (await Promise.all(entities.map((entity) => loadsOf(state, entity)))).flat();
    printLoads(loads, target, options);
    const isAllowed = (entity: string) =>
      options.allowQuarantine || (Object.hasOwn(configured, entity) && configured[entity]?.allow_quarantine);
    return loads.some((load) => isUnsettled(load) && !isAllowed(load.entity)) ? EXIT.unhealthy : EXIT.ok;
  });
}

function printLoads(loads: readonly QuarantinedLoad[], target: Target, { all, output }: QuarantineOptions): void {
  const shown = all ? loads : loads.filter(isUnsettled);
  if (output === 'json') return printJson(shown);
  if (shown.length === 0) {
    return print(`No rows are in quarantine${loads.length > 0 ? ' that need anything: see --all' : ''}.`);
  }
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
  say(`They are in ${target.placeOf(QUARANTINE_PREFIX)}`);
}

/** `bronze quarantine show <entity>`: the rows of its unsettled loads with their reasons, the newest load first. */
export async function quarantineShowCommand(
  entity: string,
  options: QuarantineOptions & { readonly limit: number },
): Promise<number> {
  return onTarget(options, async (target) => {
    const state = await readStored(target);
    chosen([entity], state.entities, target.name);
    const stored = await loadsOf(state, entity);
    const loads = stored.filter((load) => options.all || isUnsettled(load)).toReversed();
    const rows = await rowsOf(target, loads, options.limit);
    if (options.output === 'json') printJson(rows);
    else if (loads.length === 0) say(settledLine(entity, stored, target));
    else {
      for (const { reason, record } of rows) print(`${reason}\n  ${JSON.stringify(record)}`);
      const total = loads.reduce((sum, load) => sum + load.rows, 0);
      const where = loads.flatMap(({ objects }) => objects.map(({ key }) => `\n  ${target.placeOf(key)}`)).join('');
      say(`${entity}: ${count(rows.length)} of ${plural(total, 'row')} in quarantine${where}`);
    }
    return EXIT.ok;
  });
}

interface ShownRow extends QuarantinedRow {
  readonly load_id: string;
  readonly key: string;
}

async function rowsOf({ objects }: Target, loads: readonly QuarantinedLoad[], limit: number): Promise<ShownRow[]> {
  const rows: ShownRow[] = [];
  const keys = loads.flatMap((load) => load.objects.map(({ key }) => ({ load_id: load.load_id, key })));
  for (const { load_id, key } of keys) {
    const object = rows.length < limit ? await objects.get(key) : undefined;
    const found = object ? quarantinedRows(object.body, limit - rows.length) : [];
    rows.push(...found.map((row) => ({ load_id, key, ...row })));
  }
  return rows;
}

/** What is still stored of an entity of which nothing needs anybody. */
function settledLine(entity: string, loads: readonly QuarantinedLoad[], target: Target): string {
  const rowsIn = (state: QuarantinedLoad['state']) =>
    loads.filter((load) => load.state === state).reduce((sum, { rows }) => sum + rows, 0);
  const states = (['acknowledged', 'resolved'] as const).filter((state) => rowsIn(state) > 0);
  if (states.length === 0) return `${entity} has no rows in quarantine.`;
  const stored = states.map((state) => `${plural(rowsIn(state), 'row')} ${state}`).join(', ');
  const show = commandLine(['quarantine', 'show', entity, '--all'], target.given);
  return `${entity}: no rows in quarantine that need anything. ${stored}: still stored in ${placeOfAll(target, entity, loads)}
  ${show} shows them.`;
}

/**
 * `bronze quarantine release <entity>`: asks for a full load, which reads the rows again with what the configuration says
 * then. In a folder the next `bronze run` of the entity makes it. On AWS the request is sent, so that it begins at once.
 */
export async function quarantineReleaseCommand(entity: string, options: QuarantineOptions): Promise<number> {
  return changing(entity, options, async (target, stored) => {
    const loads = stored.filter(({ state }) => state !== 'resolved');
    if (loads.length === 0) return say(settledLine(entity, stored, target));
    const { checkpoints, requests } = await target.open();
    const load_id = randomUUID();
    const isNew = await requestFullLoad(checkpoints, entity, load_id);
    // It waits in the checkpoint too, so a message that is lost loses nothing.
    if (isNew) await requests.send([{ entity, load_id, load_type: 'full' }]);
    say(`${entity}: ${isNew ? whoLoads(target, entity) : 'a full load is asked for or pending already'}
  Rows that fit then are in bronze; others are in quarantine again, and shown. Correct them at the source, or their type in the configuration, before.`);
  });
}

function whoLoads({ kind, given }: Target, entity: string): string {
  if (kind === 'aws') return 'a full load is requested; on AWS it begins at once, or after the load that is pending';
  const run = commandLine(['run', entity], given);
  return `the next run loads it in full: ${run}, with --config if it is not bronze.config.ts`;
}

/** `bronze quarantine acknowledge <entity>`: rows in quarantine stay where they are, and `status` no longer shows them. */
export async function quarantineAcknowledgeCommand(entity: string, options: QuarantineOptions): Promise<number> {
  return changing(entity, options, async (target, stored) => {
    const loads = stored.filter(isUnsettled);
    if (loads.length === 0) return say(settledLine(entity, stored, target));
    const { objects } = await target.open();
    const now = new SystemClock().now();
    for (const load of loads) await acknowledge(objects, load, now);
    const rows = loads.reduce((sum, load) => sum + load.rows, 0);
    const place = placeOfAll(target, entity, loads);
    say(`${entity}: ${plural(rows, 'row')} in quarantine acknowledged. They stay in ${place}`);
  });
}

function placeOfAll(target: Target, entity: string, loads: readonly QuarantinedLoad[]): string {
  const objects = loads.flatMap((load) => load.objects);
  return quarantinePath(target, entity, objects);
}

async function loadsOf({ objects, checkpoints }: StoredState, entity: string): Promise<QuarantinedLoad[]> {
  return quarantinedLoads(objects, entity, checkpoints.get(entity));
}

/** @throws BronzeError ENTITY_UNKNOWN if the target has nothing of the entity */
async function changing(
  entity: string,
  options: TargetOptions,
  change: (target: Target, loads: readonly QuarantinedLoad[]) => Promise<void>,
): Promise<number> {
  return onTarget(options, async (target) => {
    const state = await readStored(target);
    chosen([entity], state.entities, target.name);
    await change(target, await loadsOf(state, entity));
    return EXIT.ok;
  });
}
