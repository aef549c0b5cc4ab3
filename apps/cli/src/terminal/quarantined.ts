import { quarantineOfEntity } from '@bronze/common/load/object-keys';
import type { Quarantined } from '@bronze/common/load/receipts';
import type { Target } from '../target/target.ts';
import { commandLine } from './command-line.ts';
import { count, plural } from './numbers.ts';

/** `due is not exactly a timestamptz (500)`: why rows are in quarantine. Empty if their load record does not say. */
export function describeReasons(objects: readonly Quarantined[]): string {
  const rows = new Map<string, number>();
  for (const one of objects.flatMap(({ reasons = [] }) => reasons)) {
    rows.set(one.reason, (rows.get(one.reason) ?? 0) + one.rows);
  }
  const sorted = [...rows].toSorted(([, a], [, b]) => b - a);
  return sorted.map(([reason, rows]) => `${reason} (${count(rows)})`).join('; ');
}

/** Where rows in quarantine are, and the options of commands about them. */
export type QuarantinePlace = Pick<Target, 'given' | 'placeOf'>;

/** The place of the only object, or the folder of all: `bronze-data/data/quarantine/orders/`. */
export function quarantinePath(place: QuarantinePlace, entity: string, objects: readonly Quarantined[]): string {
  const [only] = objects;
  return place.placeOf(objects.length === 1 && only ? only.key : quarantineOfEntity(entity));
}

/**
 * Some lines for people: how many rows of an entity were not loaded when they came, why, where they are and what settles
 * them. Nobody knows which of them were corrected since: a later load that brings one does not say that it is the same.
 */
export function describeQuarantine(entity: string, objects: readonly Quarantined[], place: QuarantinePlace): string {
  const rows = objects.reduce((sum, object) => sum + object.rows, 0);
  const reasons = describeReasons(objects);
  const show = commandLine(['quarantine', 'show', entity], place.given);
  return `${entity}: ${plural(rows, 'row')} in quarantine, not loaded when ${rows === 1 ? 'it' : 'they'} came${reasons && `: ${reasons}`}
  They are in ${quarantinePath(place, entity, objects)}
  What to do: ${show} shows them; a full load (release) or acknowledge, in place of show, settles them.`;
}
