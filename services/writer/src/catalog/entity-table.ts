import { locationOfPart, NULL_EVENT_DATE, type PartLocation } from '@bronze/common/load/object-keys';
import { castableTo, readableAs } from './column-types.ts';
import {
  type CatalogLoad,
  catalogName,
  goneBecause,
  type LoadTypes,
  METADATA,
  typesOf,
  unnameableBecause,
} from './load-columns.ts';

export interface CatalogColumn {
  readonly name: string;
  readonly type: string;
  readonly comment?: string;
}

export interface CatalogPartition {
  /** In the order of the table's partition keys. */
  readonly values: readonly string[];
  /** Prefix of the objects in it. */
  readonly folder: string;
  /** What its files hold, which may differ from the table's columns: Athena then casts. */
  readonly columns: readonly CatalogColumn[];
}

/** The catalog's view of an entity, as its load records say. */
export interface EntityTable {
  readonly partition_keys: readonly CatalogColumn[];
  readonly columns: readonly CatalogColumn[];
  /** Columns that are in the files, but that Athena can't show, because of this. */
  readonly left_out: readonly { readonly column: string; readonly reason: string }[];
  readonly partitions: readonly CatalogPartition[];
}

/**
 * The table of an entity: its columns now, then those that older files have, then Bronze's own. A type is one that
 * Athena can read every partition by.
 *
 * @param loads the completed ones
 * @returns undefined without any load
 */
export function entityTable(loads: readonly CatalogLoad[]): EntityTable | undefined {
  const ordered = loads.toSorted((a, b) => (a.completed_at < b.completed_at ? -1 : 1));
  const last = ordered.at(-1);
  if (!last) return undefined;
  const folders = foldersOf(ordered);
  const partition_keys = keysOf(locationsOf(ordered));
  const types = new Map(ordered.map((load) => [load.load_id, typesOf(load)]));
  const kept: CatalogColumn[] = [];
  const left_out: { column: string; reason: string }[] = [];
  for (const name of namesOf(ordered, last)) {
    const reason = unnameableBecause(
      name,
      ordered,
      partition_keys.map((key) => key.name),
    );
    const found = reason === undefined ? columnOf(name, folders, types) : { reason };
    const isGone = !isMetadata(name) && !last.columns.some((column) => catalogName(column.name) === name);
    if ('reason' in found) left_out.push({ column: name, reason: found.reason });
    else kept.push({ name, type: found.type, ...(isGone && { comment: goneBecause(name, ordered) }) });
  }
  const names = kept.map(({ name }) => name);
  const width = partition_keys.length;
  const partitions = folders.map((folder) => ({
    values: [folder.ingestion_date, folder.load_type, folder.event_date ?? NULL_EVENT_DATE].slice(0, width),
    folder: folder.folder,
    columns: partitionColumns(names, folder, types),
  }));
  return { partition_keys, columns: kept, left_out, partitions };
}

/** The partitions of an entity in the table of all entities, which has only the columns that Bronze adds. */
export function sharedPartitions(entity: string, loads: readonly CatalogLoad[]): CatalogPartition[] {
  const types = new Map(loads.map((load) => [load.load_id, typesOf(load)]));
  const found = new Map<string, Folder>();
  for (const { location, load_id } of locationsOf(loads)) {
    const folder = { ...location, event_date: null, folder: location.load_folder };
    noteIn(found, location.load_folder, folder, load_id);
  }
  return [...found.values()].map((folder) => ({
    values: [entity, folder.ingestion_date, folder.load_type],
    folder: folder.folder,
    columns: partitionColumns(
      METADATA.map(({ name }) => name),
      folder,
      types,
    ),
  }));
}

/** A folder that is a partition, and the loads that have files in it. */
interface Folder extends PartLocation {
  readonly load_ids: Set<string>;
}

/**
 * Where a day has files both with and without an event date, because the configuration changed between two loads, its
 * folder is one partition without an event date: Athena reads the folders below a partition too.
 */
function foldersOf(loads: readonly CatalogLoad[]): Folder[] {
  const locations = locationsOf(loads);
  const undated = new Set(
    locations.flatMap(({ location }) => (location.event_date === null ? [location.load_folder] : [])),
  );
  const found = new Map<string, Folder>();
  for (const { location, load_id } of locations) {
    const { load_folder } = location;
    const whole = undated.has(load_folder) ? { ...location, event_date: null, folder: load_folder } : location;
    noteIn(found, whole.folder, whole, load_id);
  }
  return [...found.values()];
}

function locationsOf(loads: readonly CatalogLoad[]): { location: PartLocation; load_id: string }[] {
  return loads.flatMap(({ parts, load_id }) =>
    parts.flatMap(({ key }) => {
      const location = locationOfPart(key);
      return location ? [{ location, load_id }] : [];
    }),
  );
}

function noteIn(found: Map<string, Folder>, key: string, location: PartLocation, load_id: string): void {
  const folder = found.get(key) ?? { ...location, load_ids: new Set<string>() };
  folder.load_ids.add(load_id);
  found.set(key, folder);
}

function keysOf(locations: ReturnType<typeof locationsOf>): CatalogColumn[] {
  const isDated = locations.some(({ location }) => location.event_date !== null);
  return [
    { name: 'ingestion_date', type: 'date' },
    { name: 'load_type', type: 'string' },
    ...(isDated ? [{ name: 'event_date', type: 'date' }] : []),
  ];
}

function isMetadata(name: string): boolean {
  return METADATA.some((column) => column.name === name);
}

function namesOf(loads: readonly CatalogLoad[], last: CatalogLoad): ReadonlySet<string> {
  const older = loads.toReversed().flatMap(({ columns }) => columns);
  return new Set([...last.columns, ...older, ...METADATA].map(({ name }) => catalogName(name)));
}

type TypesByLoad = ReadonlyMap<string, LoadTypes>;

/** Types of a column in the files of these loads. */
function typesIn(name: string, load_ids: Iterable<string>, types: TypesByLoad): Set<string> {
  return new Set([...load_ids].flatMap((load_id) => [...(types.get(load_id)?.get(name) ?? [])]));
}

function columnOf(name: string, folders: readonly Folder[], types: TypesByLoad): { type: string } | { reason: string } {
  const inPartitions = new Set<string>();
  for (const { load_ids, folder } of folders) {
    const held = typesIn(name, load_ids, types);
    const read = readableAs(held);
    if (held.size > 0 && read === undefined) return { reason: `files in ${folder} hold it as ${listed(held)}` };
    if (read !== undefined) inPartitions.add(read);
  }
  // Without any file, as every load types it.
  const held = inPartitions.size > 0 ? inPartitions : typesIn(name, types.keys(), types);
  const type = castableTo(held);
  return type === undefined ? { reason: `its files hold it as ${listed(held)}` } : { type };
}

function listed(types: ReadonlySet<string>): string {
  return `${[...types].toSorted().join(' and as ')}, which Athena can’t read together`;
}

function partitionColumns(names: readonly string[], { load_ids }: Folder, types: TypesByLoad): CatalogColumn[] {
  return names.flatMap((name) => {
    const type = readableAs(typesIn(name, load_ids, types));
    return type === undefined ? [] : [{ name, type }];
  });
}
