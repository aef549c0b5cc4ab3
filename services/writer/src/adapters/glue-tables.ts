import {
  BatchCreatePartitionCommand,
  BatchUpdatePartitionCommand,
  type Column,
  CreateTableCommand,
  DeleteTableCommand,
  GetTableCommand,
  type GlueClient,
  paginateGetPartitions,
  type PartitionInput,
  type TableInput,
  UpdateTableCommand,
} from '@aws-sdk/client-glue';
import { errorName, isDenied } from '@bronze/common/adapters/aws/aws-error';
import { BronzeError } from '@bronze/common/words/failure';
import type { CatalogColumn, CatalogPartition } from '../catalog/entity-table.ts';
import type { TableDefinition } from '../catalog/table-definition.ts';
import type { StoredPartition, StoredTable, TableStore } from '../catalog/table-store.ts';
import { storageOf } from './glue-formats.ts';

export interface GlueTablesOptions {
  readonly database: string;
  readonly bucket: string;
}

/** Glue's limit for one call. */
const PARTITIONS_AT_ONCE = 100;

/** The tables of a Glue database whose objects are in one bucket. */
export class GlueTables implements TableStore {
  readonly #client: GlueClient;
  readonly #database: string;
  readonly #bucket: string;

  constructor(client: GlueClient, { database, bucket }: GlueTablesOptions) {
    this.#client = client;
    this.#database = database;
    this.#bucket = bucket;
  }

  async read(table: string): Promise<StoredTable | undefined> {
    const command = new GetTableCommand({ DatabaseName: this.#database, Name: table });
    const found = await this.#unless('EntityNotFoundException', 'GetTable', table, () => this.#client.send(command));
    if (!found?.Table) return undefined;
    const { VersionId = '', PartitionKeys, Parameters = {} } = found.Table;
    return { version: VersionId, partition_keys: toColumns(PartitionKeys), parameters: Parameters };
  }

  async create(table: TableDefinition): Promise<boolean> {
    const command = new CreateTableCommand({ DatabaseName: this.#database, TableInput: this.#input(table) });
    return this.#wins('AlreadyExistsException', 'CreateTable', table.name, () => this.#client.send(command));
  }

  async replace(table: TableDefinition, version: string): Promise<boolean> {
    const command = new UpdateTableCommand({
      DatabaseName: this.#database,
      TableInput: this.#input(table),
      VersionId: version,
      // Otherwise each load leaves a version behind, and Glue counts them against a quota.
      SkipArchive: true,
    });
    return this.#wins('ConcurrentModificationException', 'UpdateTable', table.name, () => this.#client.send(command));
  }

  async drop(table: string): Promise<void> {
    const command = new DeleteTableCommand({ DatabaseName: this.#database, Name: table });
    await this.#unless('EntityNotFoundException', 'DeleteTable', table, () => this.#client.send(command));
  }

  async partitions(table: string, only?: { key: string; value: string }): Promise<StoredPartition[]> {
    const asked = {
      DatabaseName: this.#database,
      TableName: table,
      ...(only && { Expression: `${only.key} = '${only.value}'` }),
    };
    const stored: StoredPartition[] = [];
    try {
      for await (const { Partitions = [] } of paginateGetPartitions({ client: this.#client }, asked)) {
        for (const { Values = [], StorageDescriptor } of Partitions) {
          const columns = toColumns(StorageDescriptor?.Columns);
          stored.push({ values: Values, folder: this.#prefixOf(StorageDescriptor?.Location), columns });
        }
      }
    } catch (thrown) {
      throw failed('GetPartitions', this.#named(table), thrown);
    }
    return stored;
  }

  async addPartitions(table: TableDefinition, partitions: readonly CatalogPartition[]): Promise<void> {
    for (const some of inChunks(partitions)) {
      const PartitionInputList = some.map((partition) => this.#partition(table, partition));
      const command = new BatchCreatePartitionCommand({
        DatabaseName: this.#database,
        TableName: table.name,
        PartitionInputList,
      });
      const { Errors = [] } = await this.#call('BatchCreatePartition', table.name, () => this.#client.send(command));
      // One that exists by now was added by another run.
      const refused = Errors.find(({ ErrorDetail }) => ErrorDetail?.ErrorCode !== 'AlreadyExistsException');
      if (refused) throw partly('BatchCreatePartition', this.#named(table.name), refused.ErrorDetail?.ErrorCode);
    }
  }

  async replacePartitions(table: TableDefinition, partitions: readonly CatalogPartition[]): Promise<void> {
    for (const some of inChunks(partitions)) {
      const command = new BatchUpdatePartitionCommand({
        DatabaseName: this.#database,
        TableName: table.name,
        Entries: some.map((one) => ({
          PartitionValueList: [...one.values],
          PartitionInput: this.#partition(table, one),
        })),
      });
      const { Errors = [] } = await this.#call('BatchUpdatePartition', table.name, () => this.#client.send(command));
      const [refused] = Errors;
      if (refused) throw partly('BatchUpdatePartition', this.#named(table.name), refused.ErrorDetail?.ErrorCode);
    }
  }

  #input(table: TableDefinition): TableInput {
    const { classification, ...storage } = storageOf(table.format);
    return {
      Name: table.name,
      Description: table.description,
      TableType: 'EXTERNAL_TABLE',
      Parameters: { EXTERNAL: 'TRUE', classification, ...table.parameters },
      PartitionKeys: table.partition_keys.map(toGlue),
      StorageDescriptor: {
        ...storage,
        Location: this.#locationOf(table.prefix),
        Columns: table.columns.map(toGlue),
      },
    };
  }

  #partition(table: TableDefinition, { values, folder, columns }: CatalogPartition): PartitionInput {
    const { classification: _, ...storage } = storageOf(table.format);
    return {
      Values: [...values],
      StorageDescriptor: { ...storage, Location: this.#locationOf(folder), Columns: columns.map(toGlue) },
    };
  }

  #locationOf(prefix: string): string {
    return `s3://${this.#bucket}/${prefix}`;
  }

  #prefixOf(location: string | undefined): string | undefined {
    const root = this.#locationOf('');
    return location?.startsWith(root) ? location.slice(root.length) : undefined;
  }

  #named(table: string): string {
    return `"${this.#database}"."${table}"`;
  }

  async #call<T>(call: string, table: string, send: () => Promise<T>): Promise<T> {
    try {
      return await send();
    } catch (thrown) {
      throw failed(call, this.#named(table), thrown);
    }
  }

  /** Undefined if Glue answers with this error. */
  async #unless<T>(error: string, call: string, table: string, send: () => Promise<T>): Promise<T | undefined> {
    try {
      return await send();
    } catch (thrown) {
      if (errorName(thrown) === error) return undefined;
      throw failed(call, this.#named(table), thrown);
    }
  }

  async #wins(error: string, call: string, table: string, send: () => Promise<unknown>): Promise<boolean> {
    return (await this.#unless(error, call, table, async () => ({ answer: await send() }))) !== undefined;
  }
}

function inChunks(partitions: readonly CatalogPartition[]): CatalogPartition[][] {
  const chunks: CatalogPartition[][] = [];
  for (let from = 0; from < partitions.length; from += PARTITIONS_AT_ONCE)
    chunks.push(partitions.slice(from, from + PARTITIONS_AT_ONCE));
  return chunks;
}

function toGlue({ name, type, comment }: CatalogColumn): Column {
  return { Name: name, Type: type, ...(comment !== undefined && { Comment: comment.slice(0, COMMENT_CHARACTERS) }) };
}

/** Longer comments are refused. */
const COMMENT_CHARACTERS = 255;

function toColumns(columns: readonly Column[] = []): CatalogColumn[] {
  return columns.map(({ Name = '', Type = '' }) => ({ name: Name, type: Type }));
}

function failed(call: string, table: string, thrown: unknown): BronzeError {
  const name = errorName(thrown);
  if (!isDenied(thrown)) return partly(call, table, name);
  return new BronzeError('CATALOG_DENIED', {
    message: `glue:${call} on ${table} is refused (${name})`,
    hint: `May this role call glue:${call} on this table, its database and the catalog? With Lake Formation: has it been granted there too?`,
  });
}

function partly(call: string, table: string, code = 'unknown'): BronzeError {
  return new BronzeError('CATALOG_FAILING', {
    message: `glue:${call} on ${table} failed (${code})`,
    hint: 'The next run of the catalog function tries again. Loads don’t need the catalog.',
  });
}
