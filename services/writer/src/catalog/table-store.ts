import type { CatalogColumn, CatalogPartition } from './entity-table.ts';
import type { TableDefinition } from './table-definition.ts';

/** A table as the catalog holds it. */
export interface StoredTable {
  /** Changes with every change of the table. */
  readonly version: string;
  readonly partition_keys: readonly CatalogColumn[];
  readonly parameters: Readonly<Record<string, string>>;
}

export type StoredPartition = Omit<CatalogPartition, 'folder'> & { readonly folder: string | undefined };

/** The tables of one database of a catalog. Its methods throw BronzeError CATALOG_DENIED or CATALOG_FAILING. */
export interface TableStore {
  read(table: string): Promise<StoredTable | undefined>;
  /** False if there is such a table by now. */
  create(table: TableDefinition): Promise<boolean>;
  /** Atomic: changes the table only while it still has this version. */
  replace(table: TableDefinition, version: string): Promise<boolean>;
  drop(table: string): Promise<void>;
  /** @param only partitions whose key has this value; default: all */
  partitions(table: string, only?: { readonly key: string; readonly value: string }): Promise<StoredPartition[]>;
  /** Leaves partitions alone that are there already. */
  addPartitions(table: TableDefinition, partitions: readonly CatalogPartition[]): Promise<void>;
  replacePartitions(table: TableDefinition, partitions: readonly CatalogPartition[]): Promise<void>;
}
