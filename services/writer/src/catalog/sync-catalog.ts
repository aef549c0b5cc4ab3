import type { CatalogNames } from '@bronze/common/load/catalog-names';
import { loadIdOfRecord, loadRecordsPrefix } from '@bronze/common/load/object-keys';
import { type LoadRecord, readLoadRecord } from '@bronze/common/load/load-record';
import type { Clock } from '@bronze/common/ports/clock';
import type { ObjectReader } from '@bronze/common/ports/object-store';
import { BronzeError, type Failure, toFailure } from '@bronze/common/words/failure';
import { type EntityTable, entityTable, sharedPartitions } from './entity-table.ts';
import { syncRunLog } from './run-log-table.ts';
import {
  bronzeDefinition,
  digestOf,
  entityDefinition,
  loadsDefinition,
  RECORDS,
  type TableDefinition,
} from './table-definition.ts';
import { ensureTable, markTable, syncPartitions, untilWon } from './table-sync.ts';
import type { StoredTable, TableStore } from './table-store.ts';

export interface CatalogPorts {
  readonly objects: ObjectReader;
  readonly tables: TableStore;
  readonly clock: Clock;
}

export interface CatalogRequest {
  readonly bucket: string;
  readonly names: CatalogNames;
  /** Those that are configured. */
  readonly entities: readonly string[];
}

export interface CatalogOutcome {
  readonly table: string;
  /** `no_load`: nothing is known about its columns yet, so there is no table. */
  readonly status: 'synced' | 'unchanged' | 'no_load' | 'failed';
  readonly partitions_added?: number;
  readonly left_out?: EntityTable['left_out'];
  readonly failure?: Failure;
}

/**
 * Makes the catalog say what the load records say: a table for each entity that has been loaded, with its columns and
 * partitions, one for all entities, one for the run log and one for the records themselves. It may run at any time and
 * any number of times at once; a table that fails does not keep the others back.
 */
export async function syncCatalog(ports: CatalogPorts, request: CatalogRequest): Promise<CatalogOutcome[]> {
  const { names, entities, bucket } = request;
  const outcomes = [
    await attempt(names.loads, () => syncStatic(ports, loadsDefinition(names.loads, entities, bucket))),
    await attempt(names.log, () => syncRunLog(ports, names.log)),
    await attempt(names.bronze, () => syncStatic(ports, bronzeDefinition(names.bronze))),
  ];
  for (const entity of entities)
    outcomes.push(await attempt(entity, () => untilWon(entity, () => trySync(ports, entity, names))));
  return outcomes;
}

type Outcome = Omit<CatalogOutcome, 'table'>;

async function attempt(table: string, sync: () => Promise<Outcome>): Promise<CatalogOutcome> {
  try {
    return { table, ...(await sync()) };
  } catch (thrown) {
    return { table, status: 'failed', failure: toFailure(thrown) };
  }
}

function syncStatic({ tables }: CatalogPorts, table: TableDefinition): Promise<Outcome> {
  return untilWon(table.name, async () => {
    const ensured = await ensureTable(tables, table, await tables.read(table.name));
    return ensured === 'lost' ? undefined : { status: ensured === 'same' ? 'unchanged' : 'synced' };
  });
}

/** Undefined: lost to somebody else. The version is read before the records, so that nobody brings older ones. */
async function trySync(ports: CatalogPorts, entity: string, names: CatalogNames): Promise<Outcome | undefined> {
  const { tables } = ports;
  const shared = names.bronze;
  if (Object.values(names).includes(entity)) throw takenName(entity);
  const [stored, all] = [await tables.read(entity), await tables.read(shared)];
  const keys = await ports.objects.list(loadRecordsPrefix(entity));
  const records = digestOf({ version: CATALOG_VERSION, keys });
  if (isCurrent(stored, RECORDS, records) && isCurrent(all, recordsOf(entity), records)) return { status: 'unchanged' };

  const loads = await completedLoads(ports.objects, entity, keys);
  const table = entityTable(loads);
  if (!table) return { status: 'no_load' };
  const definition = entityDefinition(entity, table);
  if ((await ensureTable(tables, definition, stored)) === 'lost') return undefined;
  const partitions_added = await syncPartitions(tables, definition, table.partitions);
  await syncPartitions(tables, bronzeDefinition(shared), sharedPartitions(entity, loads), {
    key: 'entity',
    value: entity,
  });
  const isMarked =
    (await markTable(tables, definition, RECORDS, records)) &&
    (await markTable(tables, bronzeDefinition(shared), recordsOf(entity), records));
  if (!isMarked) return undefined;
  return { status: 'synced', partitions_added, ...(table.left_out.length > 0 && { left_out: table.left_out }) };
}

function takenName(entity: string): BronzeError {
  return new BronzeError('CATALOG_FOREIGN', {
    message: `the entity ${entity} has the name of one of the catalog’s own tables`,
    hint: 'Give that table another name with CATALOG_LOADS_TABLE, or rename the entity.',
  });
}

/** Another number makes all tables anew from their records. */
const CATALOG_VERSION = 1;

function recordsOf(entity: string): string {
  return `${RECORDS}.${entity}`;
}

function isCurrent(stored: StoredTable | undefined, name: string, records: string): boolean {
  return stored?.parameters[name] === records;
}

/** How many records are read at once. */
const READS = 16;

async function completedLoads(objects: ObjectReader, entity: string, keys: readonly string[]): Promise<LoadRecord[]> {
  const load_ids = keys.flatMap((key) => loadIdOfRecord(entity, key) ?? []);
  const loads: LoadRecord[] = [];
  for (let from = 0; from < load_ids.length; from += READS) {
    const read = load_ids.slice(from, from + READS).map((load_id) => readLoadRecord(objects, { entity, load_id }));
    loads.push(...(await Promise.all(read)).filter((record) => record !== undefined));
  }
  return loads.filter(({ status }) => status === 'completed');
}
