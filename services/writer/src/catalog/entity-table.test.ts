import { describe, expect, test } from 'vitest';
import { castableTo, glueType, readableAs } from './column-types.ts';
import { entityTable, sharedPartitions } from './entity-table.ts';
import type { CatalogLoad } from './load-columns.ts';
import { parquetType } from '../parquet/type-mapping.ts';

const types = (...names: string[]) => new Set(names);

describe('types', () => {
  test.each([
    ['smallint', 'int'],
    ['integer', 'int'],
    ['bigint', 'bigint'],
    ['numeric(12,2)', 'decimal(12,2)'],
    ['numeric', 'string'],
    ['real', 'float'],
    ['double precision', 'double'],
    ['boolean', 'boolean'],
    ['date', 'date'],
    ['timestamp with time zone', 'timestamp'],
    ['timestamp without time zone', 'timestamp'],
    ['jsonb', 'string'],
    ['bytea', 'binary'],
    ['text[]', 'string'],
  ])('%s is %s in Athena', (source, athena) => {
    expect(glueType(parquetType(source))).toBe(athena);
  });

  test.each([
    [types('int', 'bigint'), 'bigint'],
    [types('float', 'double'), 'double'],
    [types('decimal(12,2)', 'decimal(16,4)'), 'decimal(16,4)'],
    [types('decimal(12,2)', 'decimal(8,6)'), 'decimal(16,6)'],
    [types('decimal(38,0)', 'decimal(4,2)'), undefined],
    [types('decimal(10,2)', 'string'), undefined],
    [types('int', 'decimal(10,2)'), undefined],
    [types('date', 'timestamp'), undefined],
    [types('string'), 'string'],
  ])('files of %j in one partition are read as %s', (held, read) => {
    expect(readableAs(held)).toBe(read);
  });

  test.each([
    [types('int', 'bigint'), 'bigint'],
    [types('decimal(10,2)', 'string'), 'string'],
    [types('decimal(38,0)', 'decimal(4,2)'), 'string'],
    [types('int', 'timestamp', 'double'), 'string'],
    [types('boolean', 'string'), undefined],
    [types('date', 'string'), undefined],
    [types('binary', 'string'), undefined],
    [types('float', 'string'), undefined],
  ])('partitions of %j are cast to %s', (held, cast) => {
    expect(castableTo(held)).toBe(cast);
  });
});

let count = 0;

interface Given {
  readonly day: string;
  readonly columns: Readonly<Record<string, string>>;
  readonly load_type?: string;
  readonly event_dates?: readonly (string | null)[];
  readonly schema_changes?: CatalogLoad['schema_changes'];
  readonly engines?: readonly string[];
}

function loadOf({ day, columns, load_type = 'incremental', event_dates = [null], ...given }: Given): CatalogLoad {
  count += 1;
  const root = `data/bronze/orders/ingestion_date=${day}/load_type=${load_type}/`;
  return {
    load_id: `load-${count}`,
    completed_at: `${day}T03:00:00.${String(count).padStart(6, '0')}Z` as CatalogLoad['completed_at'],
    columns: Object.entries(columns).map(([name, type]) => ({ name, type })),
    schema_changes: given.schema_changes,
    engines: (given.engines ?? ['duckdb']).map((name) => ({ name })),
    parts: event_dates.map((date) => ({
      key: `${root}${date === null ? '' : `event_date=${date}/`}part-${count}.parquet`,
    })),
  };
}

const shown = (loads: readonly CatalogLoad[]) =>
  Object.fromEntries((entityTable(loads)?.columns ?? []).map(({ name, type }) => [name, type]));
const metadata = {
  _ingestion_ts: 'timestamp',
  _source_system: 'string',
  _record_hash: 'string',
  _ingestion_id: 'string',
};

describe('the table of an entity', () => {
  test('does not exist without a load, and has no partition for a load without files', () => {
    expect(entityTable([])).toBeUndefined();
    const empty = loadOf({ day: '2024-01-15', columns: { id: 'integer' }, event_dates: [] });
    expect(entityTable([empty])).toMatchObject({ partitions: [] });
    expect(shown([empty])).toEqual({ id: 'int', ...metadata });
  });

  test('has the columns and the partitions of its loads', () => {
    const table = entityTable([
      loadOf({
        day: '2024-01-15',
        columns: { id: 'bigint', total: 'numeric(12,2)' },
        load_type: 'full',
        event_dates: ['2024-01-14', '2024-01-15'],
      }),
      loadOf({
        day: '2024-01-16',
        columns: { id: 'bigint', total: 'numeric(12,2)' },
        event_dates: ['__HIVE_DEFAULT_PARTITION__'],
      }),
    ]);
    expect(table?.partition_keys).toEqual([
      { name: 'ingestion_date', type: 'date' },
      { name: 'load_type', type: 'string' },
      { name: 'event_date', type: 'date' },
    ]);
    expect(table?.partitions.map(({ values, folder }) => [values, folder])).toEqual([
      [
        ['2024-01-15', 'full', '2024-01-14'],
        'data/bronze/orders/ingestion_date=2024-01-15/load_type=full/event_date=2024-01-14/',
      ],
      [
        ['2024-01-15', 'full', '2024-01-15'],
        'data/bronze/orders/ingestion_date=2024-01-15/load_type=full/event_date=2024-01-15/',
      ],
      [
        ['2024-01-16', 'incremental', '__HIVE_DEFAULT_PARTITION__'],
        'data/bronze/orders/ingestion_date=2024-01-16/load_type=incremental/event_date=__HIVE_DEFAULT_PARTITION__/',
      ],
    ]);
  });

  test('widens numbers, and each partition keeps what its files hold', () => {
    const loads = [
      loadOf({ day: '2024-01-15', columns: { id: 'integer', total: 'numeric(12,2)', weight: 'real' } }),
      loadOf({ day: '2024-01-16', columns: { id: 'bigint', total: 'numeric(16,4)', weight: 'double precision' } }),
    ];
    expect(shown(loads)).toEqual({ id: 'bigint', total: 'decimal(16,4)', weight: 'double', ...metadata });
    expect(entityTable(loads)?.partitions.map(({ columns }) => columns.slice(0, 3).map(({ type }) => type))).toEqual([
      ['int', 'decimal(12,2)', 'float'],
      ['bigint', 'decimal(16,4)', 'double'],
    ]);
  });

  test('shows as text what became text, also backwards', () => {
    const loads = [
      loadOf({ day: '2024-01-15', columns: { price: 'numeric(10,2)' } }),
      loadOf({ day: '2024-01-16', columns: { price: 'text' } }),
      loadOf({ day: '2024-01-17', columns: { price: 'numeric(10,2)' } }),
    ];
    expect(shown(loads)).toEqual({ price: 'string', ...metadata });
    expect(entityTable(loads)?.partitions.map(({ columns }) => columns[0]?.type)).toEqual([
      'decimal(10,2)',
      'string',
      'decimal(10,2)',
    ]);
  });

  test('leaves out what Athena can’t read together, with the reason, and stays readable', () => {
    const sameDay = [
      loadOf({ day: '2024-01-15', columns: { id: 'integer', price: 'numeric(10,2)' } }),
      loadOf({ day: '2024-01-15', columns: { id: 'integer', price: 'text' } }),
    ];
    expect(shown(sameDay)).toEqual({ id: 'int', ...metadata });
    expect(entityTable(sameDay)?.left_out).toEqual([
      {
        column: 'price',
        reason:
          'files in data/bronze/orders/ingestion_date=2024-01-15/load_type=incremental/ hold it as decimal(10,2) and as string, which Athena can’t read together',
      },
    ]);
    const uncast = entityTable([
      loadOf({ day: '2024-01-15', columns: { flag: 'boolean' } }),
      loadOf({ day: '2024-01-16', columns: { flag: 'text' } }),
    ]);
    expect(uncast?.left_out).toMatchObject([
      { column: 'flag', reason: expect.stringContaining('boolean and as string') as string },
    ]);
    expect(uncast?.partitions.flatMap(({ columns }) => columns).map(({ name }) => name)).not.toContain('flag');
  });

  test('keeps renamed and dropped columns, behind those of now, and says what became of them', () => {
    const table = entityTable([
      loadOf({ day: '2024-01-15', columns: { id: 'integer', qty: 'integer', note: 'text' } }),
      loadOf({
        day: '2024-01-16',
        columns: { id: 'integer', quantity: 'integer', vip: 'boolean' },
        schema_changes: [
          { kind: 'renamed', column: 'quantity', from: 'qty' },
          { kind: 'added', column: 'vip', to: 'boolean' },
          { kind: 'dropped', column: 'note', from: 'text' },
        ],
      }),
    ]);
    expect(table?.columns.slice(0, 5)).toEqual([
      { name: 'id', type: 'int' },
      { name: 'quantity', type: 'int' },
      { name: 'vip', type: 'boolean' },
      { name: 'qty', type: 'int', comment: 'renamed to quantity on 2024-01-16' },
      { name: 'note', type: 'string', comment: 'dropped on 2024-01-16' },
    ]);
  });

  test('has names in lower case, and leaves out those that are then one, or a folder', () => {
    const table = entityTable([
      loadOf({ day: '2024-01-15', columns: { Id: 'integer', a: 'text', A: 'text' } }),
      loadOf({ day: '2024-01-16', columns: { Id: 'integer', event_date: 'text' }, event_dates: ['2024-01-01'] }),
    ]);
    expect(table?.columns[0]).toEqual({ name: 'id', type: 'int' });
    expect(table?.left_out.map(({ column, reason }) => [column, reason.slice(0, 20)])).toEqual([
      ['event_date', 'a folder of the file'],
      ['a', 'two columns differ i'],
    ]);
  });

  test('a day with and without event dates is one partition, so that no file counts twice', () => {
    const columns = { id: 'integer' };
    const table = entityTable([
      loadOf({ day: '2024-01-15', columns }),
      loadOf({ day: '2024-01-15', columns, event_dates: ['2024-01-14'] }),
    ]);
    expect(table?.partitions.map(({ values, folder }) => [values, folder])).toEqual([
      [
        ['2024-01-15', 'incremental', '__HIVE_DEFAULT_PARTITION__'],
        'data/bronze/orders/ingestion_date=2024-01-15/load_type=incremental/',
      ],
    ]);
  });

  test('follows the engine that wrote the files', () => {
    const columns = { id: 'bigint', at: 'timestamp with time zone' };
    expect(shown([loadOf({ day: '2024-01-15', columns, engines: ['parquetjs-lite'] })])).toMatchObject({
      id: 'string',
      at: 'string',
      _ingestion_ts: 'string',
    });
    expect(
      entityTable([loadOf({ day: '2024-01-15', columns, engines: ['duckdb', 'parquetjs-lite'] })])?.left_out.map(
        ({ column }) => column,
      ),
    ).toEqual(['id', 'at', '_ingestion_ts']);
  });
});

test('in the table of all entities, a day and a load type of an entity are one partition', () => {
  const loads = [
    loadOf({ day: '2024-01-15', columns: { id: 'integer' }, event_dates: ['2024-01-13', '2024-01-14'] }),
    loadOf({ day: '2024-01-15', columns: { id: 'integer' }, load_type: 'full', event_dates: ['2024-01-14'] }),
  ];
  expect(sharedPartitions('orders', loads).map(({ values, folder }) => [values, folder])).toEqual([
    [['orders', '2024-01-15', 'incremental'], 'data/bronze/orders/ingestion_date=2024-01-15/load_type=incremental/'],
    [['orders', '2024-01-15', 'full'], 'data/bronze/orders/ingestion_date=2024-01-15/load_type=full/'],
  ]);
  expect(sharedPartitions('orders', loads)[0]?.columns.map(({ name }) => name)).toEqual(Object.keys(metadata));
});
