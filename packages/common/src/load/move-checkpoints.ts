import * as z from 'zod/mini';
import { BronzeError } from '../words/failure.ts';
import { decodeValue, encodeJson } from '../words/json.ts';
import type { AttemptIds } from '../ports/attempt-ids.ts';
import type { Item, ItemTable } from '../ports/item-table.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import { expectationOf, fieldsOf, putItem } from './checkpoint-items.ts';
import { elsewhere, pointerTo, readCheckpointsObject, unreadable } from './checkpoint-place.ts';
import { CHECKPOINTS_KEY } from './object-keys.ts';

/** Each lost round means that somebody else's write succeeded. */
const ROUNDS_MAX = 100;

export interface MovePorts {
  readonly objects: ObjectStore;
  readonly table: ItemTable;
  readonly ids: AttemptIds;
}

/**
 * Moves the checkpoints, with the loads in flight, from `checkpoints.json` to the table. The replacement of
 * `checkpoints.json` decides, in one conditional put: before it the items are inactive, and after it whoever reads the
 * file is sent to the table. An interrupted move is completed by the same call.
 *
 * @throws BronzeError CHECKPOINT_BUSY if the table holds checkpoints that are in use, CHECKPOINTS_ELSEWHERE if they are
 *   in another table already, CHECKPOINTS_UNREADABLE, SWAP_CONTENDED
 */
export async function moveToTable(ports: MovePorts): Promise<void> {
  const { objects, table } = ports;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const found = await readCheckpointsObject(objects);
    if (found.table === table.name) return activateAll(ports);
    if (found.table !== undefined) throw elsewhere(`the checkpoints are in the table ${found.table}`);
    await removeLeft(ports, found.entries);
    for (const [entity, entry] of Object.entries(found.entries)) {
      await putInactive(ports, entity, decodeValue(entrySchema, entry, unreadable(`${CHECKPOINTS_KEY}: ${entity}`)));
    }
    if (await objects.replace(CHECKPOINTS_KEY, pointerTo(table.name), found.etag)) return activateAll(ports);
  }
  throw contended();
}

/**
 * Moves the checkpoints, with the loads in flight, back to `checkpoints.json`. Their items stay in the table, inactive.
 *
 * @throws BronzeError CHECKPOINTS_ELSEWHERE if they are in another table, SWAP_CONTENDED
 */
export async function moveToFile(ports: MovePorts): Promise<void> {
  const { objects, table } = ports;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const found = await readCheckpointsObject(objects);
    if (found.table === undefined) return;
    if (found.table !== table.name) throw elsewhere(`the checkpoints are in the table ${found.table}`);
    for (const item of await table.scan()) await setInactive(ports, item, true);
    const items = await table.scan();
    if (items.some(({ inactive }) => inactive !== true)) continue;
    const file = Object.fromEntries(items.map((item) => [item.entity, fieldsOf(item)]));
    if (await objects.replace(CHECKPOINTS_KEY, encodeJson(file), found.etag)) return;
  }
  throw contended();
}

const entrySchema = z.looseObject({});

/** Removes what an earlier move left in the table of entities that have no checkpoint any more. */
async function removeLeft({ table }: MovePorts, entries: Readonly<Record<string, unknown>>): Promise<void> {
  for (const item of await table.scan()) {
    if (item['inactive'] !== true) throw inUse(table.name, item.entity);
    if (!Object.hasOwn(entries, item.entity)) await table.remove(item.entity, expectationOf(item));
  }
}

async function putInactive({ table, ids }: MovePorts, entity: string, entry: object): Promise<void> {
  const stored = await table.get(entity);
  const item = { ...entry, entity, swap_id: ids.next(), inactive: true };
  const isFree = stored === undefined || stored['inactive'] === true;
  if (isFree && (await putItem(table, item, stored && expectationOf(stored)))) return;
  throw inUse(table.name, entity);
}

function inUse(table: string, entity: string): BronzeError {
  return new BronzeError('CHECKPOINT_BUSY', {
    message: `the table ${table} has a checkpoint of ${entity} that is in use`,
    hint: 'Is it the table of another pipeline? Nothing was moved.',
  });
}

async function activateAll(ports: MovePorts): Promise<void> {
  for (const item of await ports.table.scan()) await setInactive(ports, item, false);
}

async function setInactive({ table, ids }: MovePorts, { entity }: Item, inactive: boolean): Promise<void> {
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const stored = await table.get(entity);
    if (!stored || (stored['inactive'] === true) === inactive) return;
    const item = { ...fieldsOf(stored), entity, swap_id: ids.next(), ...(inactive && { inactive }) };
    if (await putItem(table, item, expectationOf(stored))) return;
  }
  throw contended();
}

function contended(): BronzeError {
  return new BronzeError('SWAP_CONTENDED', {
    message: `the checkpoints changed ${ROUNDS_MAX} times while they were being moved`,
    hint: 'Move them again: what is done is kept.',
  });
}
