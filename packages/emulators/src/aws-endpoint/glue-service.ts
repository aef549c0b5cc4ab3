import {
  type AwsCall,
  AwsRefusal,
  type AwsReply,
  type AwsRequest,
  type AwsService,
  jsonRefusal,
  jsonReply,
  targetOf,
} from './protocol.ts';

type Json = Readonly<Record<string, unknown>>;

/** A table as `GetTable` answers it. */
export interface GlueTable extends Json {
  readonly Name: string;
  readonly VersionId: string;
}

interface Partition extends Json {
  readonly Values: readonly string[];
}

interface Held {
  table: GlueTable;
  readonly partitions: Map<string, Partition>;
}

interface Input {
  readonly Name?: string;
  readonly TableName?: string;
  readonly DatabaseName?: string;
  readonly TableInput?: Json & { readonly Name: string };
  readonly VersionId?: string;
  readonly PartitionInputList?: readonly Partition[];
  readonly Entries?: readonly { readonly PartitionValueList: readonly string[]; readonly PartitionInput: Partition }[];
  readonly Expression?: string;
  readonly NextToken?: string;
}

/** Fewer than Glue's 1,000, so that tests see several pages. */
const PARTITIONS_A_PAGE = 50;
const PARTITIONS_AT_ONCE = 100;

/** The tables and partitions of Glue's data catalog. As there, an update with another `VersionId` is refused. */
export class GlueService implements AwsService {
  readonly #databases: ReadonlyMap<string, Map<string, Held>>;

  constructor(databases: readonly string[]) {
    this.#databases = new Map(databases.map((name) => [name, new Map()]));
  }

  callOf(request: AwsRequest): AwsCall {
    const { TableName, Name, TableInput, DatabaseName } = decode(request);
    const table = TableName ?? TableInput?.Name ?? Name ?? '';
    return { service: 'glue', action: targetOf(request).split('.')[1] ?? '', name: `${DatabaseName ?? ''}.${table}` };
  }

  async handle(request: AwsRequest, { action }: AwsCall): Promise<AwsReply> {
    const act = this.#actions[action];
    if (!act) throw new AwsRefusal(501, 'NotImplemented', action);
    return jsonReply(act(decode(request)));
  }

  refuse(refusal: AwsRefusal): AwsReply {
    return jsonRefusal(refusal, '');
  }

  readonly #actions: Readonly<Record<string, (input: Input) => object>> = {
    GetTable: (input) => ({ Table: this.#held(input).table }),
    GetTables: (input) => ({ TableList: [...this.#tables(input).values()].map(({ table }) => table) }),
    CreateTable: (input) => {
      const { TableInput } = input;
      if (!TableInput) throw new AwsRefusal(400, 'InvalidInputException', 'TableInput');
      const tables = this.#tables(input);
      if (tables.has(TableInput.Name)) throw new AwsRefusal(400, 'AlreadyExistsException', TableInput.Name);
      const table = { ...TableInput, DatabaseName: input.DatabaseName, VersionId: '0' };
      tables.set(TableInput.Name, { table, partitions: new Map() });
      return {};
    },
    UpdateTable: ({ TableInput, VersionId, ...input }) => {
      const held = this.#held({ ...input, Name: TableInput?.Name ?? '' });
      if (VersionId !== undefined && VersionId !== held.table.VersionId)
        throw new AwsRefusal(400, 'ConcurrentModificationException', held.table.Name);
      const { VersionId: version, Name, DatabaseName } = held.table;
      held.table = { ...TableInput, Name, DatabaseName, VersionId: String(Number(version) + 1) };
      return {};
    },
    DeleteTable: (input) => {
      this.#held(input);
      this.#tables(input).delete(input.Name ?? '');
      return {};
    },
    GetPartitions: (input) => this.#partitions(input),
    BatchCreatePartition: (input) => this.#createPartitions(input),
    BatchUpdatePartition: (input) => {
      const { partitions } = this.#held(input);
      for (const { PartitionValueList, PartitionInput } of input.Entries ?? []) {
        if (!partitions.has(keyOf(PartitionValueList))) throw new AwsRefusal(400, 'EntityNotFoundException');
        partitions.set(keyOf(PartitionValueList), PartitionInput);
      }
      return {};
    },
  };

  #createPartitions(input: Input): object {
    const { partitions, table } = this.#held(input);
    const given = input.PartitionInputList ?? [];
    if (given.length > PARTITIONS_AT_ONCE) throw new AwsRefusal(400, 'ValidationException', 'PartitionInputList');
    const Errors = given.flatMap((partition) => {
      const ErrorDetail = { ErrorCode: this.#refusePartition(partitions, table, partition) };
      if (ErrorDetail.ErrorCode !== undefined) return [{ PartitionValues: partition.Values, ErrorDetail }];
      partitions.set(keyOf(partition.Values), partition);
      return [];
    });
    return { Errors };
  }

  #refusePartition(partitions: Held['partitions'], { PartitionKeys }: GlueTable, { Values }: Partition) {
    if ((PartitionKeys as readonly unknown[]).length !== Values.length) return 'InvalidInputException';
    return partitions.has(keyOf(Values)) ? 'AlreadyExistsException' : undefined;
  }

  #partitions(input: Input): object {
    const { partitions, table } = this.#held(input);
    const all = [...partitions.values()].filter(({ Values }) => matches(input.Expression, table, Values));
    const from = Number(input.NextToken ?? 0);
    const Partitions = all.slice(from, from + PARTITIONS_A_PAGE);
    const next = from + Partitions.length;
    return { Partitions, ...(next < all.length && { NextToken: String(next) }) };
  }

  #tables({ DatabaseName = '' }: Input): Map<string, Held> {
    const tables = this.#databases.get(DatabaseName);
    if (!tables) throw new AwsRefusal(400, 'EntityNotFoundException', `Database ${DatabaseName} not found.`);
    return tables;
  }

  #held(input: Input): Held {
    const name = input.TableName ?? input.Name ?? '';
    const held = this.#tables(input).get(name);
    if (!held) throw new AwsRefusal(400, 'EntityNotFoundException', `Table ${name} not found.`);
    return held;
  }
}

function decode(request: AwsRequest): Input {
  return JSON.parse(request.body.toString()) as Input;
}

function keyOf(values: readonly string[]): string {
  return JSON.stringify(values);
}

/** `entity = 'orders'`, which is all of Glue's expressions that it understands. */
function matches(expression: string | undefined, { PartitionKeys }: GlueTable, values: readonly string[]): boolean {
  if (expression === undefined) return true;
  const [, key, value] = /^(\w+) = '([^']*)'$/.exec(expression) ?? [];
  if (key === undefined) throw new AwsRefusal(501, 'NotImplemented', expression);
  return values[(PartitionKeys as readonly { Name: string }[]).findIndex(({ Name }) => Name === key)] === value;
}
