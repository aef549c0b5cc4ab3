import { expect, test } from 'vitest';
import { convertersOf, degradedColumns, parquetjsFields } from './parquetjs-engine.ts';

const columnOf = (type: string) => ({ name: 'value', type });

test.each([
  ['integer', 'INT32', '-7', -7],
  ['boolean', 'BOOLEAN', 't', true],
  ['boolean', 'BOOLEAN', 'f', false],
  ['date', 'DATE', '1969-12-31', new Date('1969-12-31T00:00:00Z')],
  ['bytea', 'BYTE_ARRAY', '\\x00ff', Buffer.of(0, 255)],
  ['text', 'UTF8', 't', 't'],
  ['bigint', 'UTF8', '9007199254740993', '9007199254740993'],
  ['numeric(10,2)', 'UTF8', '12.30', '12.30'],
  ['timestamp with time zone', 'UTF8', '2024-01-15T00:00:00.000001Z', '2024-01-15T00:00:00.000001Z'],
])('parquetjs-lite writes %s as %s: %s', (type, field, text, value) => {
  const columns = [columnOf(type)];
  const shared = { compression: 'SNAPPY', statistics: false };
  expect(parquetjsFields(columns)['value']).toEqual({ type: field, optional: true, ...shared });
  expect(convertersOf(columns).map(({ name, convert }) => [name, convert(text)])).toEqual([['value', value]]);
});

test('the metadata columns are text and never null', () => {
  const { value: _, ...metadata } = parquetjsFields([columnOf('text')]);
  expect(Object.keys(metadata)).toEqual(['_ingestion_ts', '_source_system', '_record_hash', '_ingestion_id']);
  for (const field of Object.values(metadata))
    expect(field).toEqual({ type: 'UTF8', optional: false, compression: 'SNAPPY', statistics: false });
});

test('columns that become text are reported as degraded, and `_ingestion_ts` always is', () => {
  const types = ['text', 'jsonb', 'integer', 'boolean', 'date', 'bytea', 'bigint', 'numeric(10,2)'];
  const degraded = degradedColumns(types.map((type) => ({ name: type, type })));
  expect(degraded).toEqual([
    { column: 'bigint', type: 'int64', written_as: 'text' },
    { column: 'numeric(10,2)', type: expect.stringContaining('decimal'), written_as: 'text' },
    { column: '_ingestion_ts', type: 'timestamptz', written_as: 'text' },
  ]);
});

test('a name that the library can’t write is refused, with a way out', () => {
  const failing = () => parquetjsFields([{ name: '__proto__', type: 'text' }]);
  expect(failing).toThrow(
    expect.objectContaining({
      code: 'ENGINE_LIMIT',
      message: "parquetjs-lite can't write a column named __proto__",
      hint: 'Use PARQUET_ENGINE=duckdb for this entity, or ingest a view that renames the column.',
    }),
  );
});
