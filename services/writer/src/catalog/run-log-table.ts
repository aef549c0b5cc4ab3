import { RUN_LOG_PREFIX } from '@bronze/common/load/object-keys';
import { dayOfRunLog, runLogOfDay } from '@bronze/common/load/run-log-keys';
import { type Timestamp, utcDate } from '@bronze/common/words/timestamp';
import type { CatalogOutcome, CatalogPorts } from './sync-catalog.ts';
import { logDefinition } from './table-definition.ts';
import { ensureTable, untilWon } from './table-sync.ts';

/**
 * The table of the run log has a partition for each day until tomorrow, so that a line shows as soon as it is written.
 * They are made here and not computed by Athena, which does not say whether it computes partitions of type `date`.
 */
export async function syncRunLog(ports: CatalogPorts, name: string): Promise<Omit<CatalogOutcome, 'table'>> {
  const { tables, objects, clock } = ports;
  const table = logDefinition(name);
  const ensured = await untilWon(name, async () => {
    const done = await ensureTable(tables, table, await tables.read(name));
    return done === 'lost' ? undefined : done;
  });
  const stored = (await tables.partitions(name)).flatMap(({ values: [day] }) => day ?? []).toSorted();
  const [last = await firstDay(objects)] = stored.slice(-1);
  const missing = daysFrom(last, tomorrow(clock.now())).filter((day) => !stored.includes(day));
  const partitions = missing.map((day) => ({ values: [day], folder: runLogOfDay(day), columns: table.columns }));
  await tables.addPartitions(table, partitions);
  const isChanged = ensured === 'changed' || missing.length > 0;
  return { status: isChanged ? 'synced' : 'unchanged', partitions_added: missing.length };
}

async function firstDay(objects: CatalogPorts['objects']): Promise<string | undefined> {
  const keys = await objects.list(RUN_LOG_PREFIX);
  return keys.flatMap((key) => dayOfRunLog(key) ?? [])[0];
}

const DAY_MS = 24 * 3600 * 1000;

function tomorrow(now: Timestamp): string {
  return dayOf(Date.parse(now) + DAY_MS);
}

/** The days up to and with `until`; without a first one, the last two. */
function daysFrom(first: string | undefined, until: string): string[] {
  const days: string[] = [];
  const last_ms = Date.parse(until);
  for (let at = first === undefined ? last_ms - DAY_MS : Date.parse(first); at <= last_ms; at += DAY_MS) {
    days.push(dayOf(at));
  }
  return days;
}

function dayOf(at_ms: number): string {
  return utcDate(new Date(at_ms).toISOString() as Timestamp);
}
