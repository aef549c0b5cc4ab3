import type { PendingLoad } from '@bronze/common/load/checkpoint';
import { defineConfig, entityOf, isTable } from '@bronze/common/config';
import { timestamp } from '@bronze/common/words/timestamp';
import { describe, expect, test } from 'vitest';
import type { Row } from '../database.ts';
import { REPLAYED_SQL } from '../table/catalog-sql.ts';
import type { DescribedTable } from '../table/described-table.ts';
import { SNAPSHOT_SQL } from './observe-sql.ts';
import { proveReading } from './reading-proof.ts';

const config = defineConfig({
  sources: { db: { type: 'postgres' } },
  entities: { things: { source: 'db', table: 'public.things', cursor: null } },
});
const entity = entityOf(config, 'things');
if (!isTable(entity)) throw new Error('the entity is not a table');

const WINDOW = {
  database: 'a/00000001/5',
  table_oid: '1',
  file_nodes: { '1': '7' },
  from_xid: '90',
  until_xid: '100',
  scan_from: null,
  next_scan_from: null,
};
const LOAD: PendingLoad = {
  load_id: '00000000-0000-8000-8000-000000000001',
  load_type: 'incremental',
  since: timestamp('2024-01-14'),
  until: timestamp('2024-01-15'),
  ingested_at: timestamp('2024-01-15'),
  exact_window: WINDOW,
};
const TABLE = {
  kind: 'r',
  oid: '1',
  file_nodes: { '1': '7' },
  attached: [],
  has_xids: true,
  is_empty: false,
  rows_estimated: null,
  has_children: false,
  role: 'reader',
  is_schema_usable: true,
  encoding: 'UTF8',
  zone: 'UTC',
  columns: [],
  primary_key: ['id'],
  unique_keys: [],
  key: { columns: [], is_unproven: false },
} as const satisfies DescribedTable;
const SNAPSHOT = {
  at: '2024-01-15T00:00:00.000000Z',
  snapshot_xmin: '100',
  snapshot_xmax: '120',
  database: 'a/00000001/5',
  wal_position: null as string | null,
  wal_writer_delay_ms: '200',
};

interface Found {
  readonly snapshot?: Partial<typeof SNAPSHOT>;
  readonly table?: Partial<DescribedTable>;
}

/** Proves a reading on a server that answers so. */
function prove({ snapshot, table }: Found) {
  const rows = async (sql: string): Promise<Row[]> => (sql === SNAPSHOT_SQL ? [{ ...SNAPSHOT, ...snapshot }] : []);
  const quoting = { identifier: (name: string) => name, literal: (text: string) => text };
  if (!isTable(entity)) throw new Error('the entity is not a table');
  return proveReading({ rows, quoting }, entity, LOAD, { ...TABLE, ...table });
}

const EXACT = { is_exact: true, fallback: undefined };
const INTERRUPTED = { code: 'SOURCE_INTERRUPTED', message: expect.stringContaining('not yet replayed') };
const TOO_WIDE = String(100n + 2n ** 31n);
const WIDEST = String(99n + 2n ** 31n);

describe('a reading of an exact window', () => {
  test.each<[string, Found]>([
    ['on the server, and of the table, that the claim saw', {}],
    ['where later transactions have ended', { snapshot: { snapshot_xmin: '101' } }],
    ['where as many ids were assigned since as 32 bits can tell apart', { snapshot: { snapshot_xmax: WIDEST } }],
    ['with a partition that was created since', { table: { file_nodes: { '1': '7', '2': '8' } } }],
  ])('is exact %s', async (_, found) => {
    expect(await prove(found)).toEqual(EXACT);
  });

  test.each<[string, string, Found]>([
    ['database_changed', 'of another cluster', { snapshot: { database: 'b/00000001/5' } }],
    ['database_changed', 'after a failover', { snapshot: { database: 'a/00000002/5' } }],
    ['database_changed', 'after a failover to one that is behind', { snapshot: { database: 'b', snapshot_xmin: '9' } }],
    ['table_changed', 'of a table that was dropped and created', { table: { oid: '2' } }],
    ['table_changed', 'without transaction ids', { table: { has_xids: false } }],
    [
      'table_changed',
      'with a part that was attached',
      { table: { file_nodes: { '1': '7', '2': '8' }, attached: ['2'] } },
    ],
    ['table_rewritten', 'of another file', { table: { file_nodes: { '1': '8' } } }],
    [
      'table_rewritten',
      'of another file, on one that is behind',
      { table: { file_nodes: { '1': '8' } }, snapshot: { snapshot_xmin: '9' } },
    ],
    ['database_restored', 'of an older copy, no standby', { snapshot: { snapshot_xmin: '9', wal_position: '4096' } }],
    ['window_too_wide', 'after more ids than 32 bits can tell apart', { snapshot: { snapshot_xmax: TOO_WIDE } }],
  ])('falls back for %s %s', async (fallback, _, found) => {
    expect(await prove(found)).toEqual({ is_exact: false, fallback });
  });

  test('is interrupted on a standby that has not replayed the end of a transaction of the window', async () => {
    await expect(prove({ snapshot: { snapshot_xmin: '99' } })).rejects.toMatchObject(INTERRUPTED);
    await expect(prove({ snapshot: { snapshot_xmin: '99', snapshot_xmax: TOO_WIDE } })).rejects.toMatchObject(
      INTERRUPTED,
    );
  });
});

describe('a reading of a window of time', () => {
  const { exact_window: _, ...load } = LOAD;
  function proveAt(replayed: Row[]) {
    const asked: string[] = [];
    const rows = async (sql: string, values: readonly string[]) => {
      asked.push(...values);
      return sql === REPLAYED_SQL ? replayed : [];
    };
    const quoting = { identifier: (name: string) => name, literal: (text: string) => text };
    if (!isTable(entity)) throw new Error('the entity is not a table');
    return { asked, proof: proveReading({ rows, quoting }, entity, load, TABLE) };
  }

  test('goes by the cursor, and says nothing', async () => {
    const { asked, proof } = proveAt([{ replayed: 'true' }]);
    expect(await proof).toEqual({ is_exact: false, fallback: undefined });
    expect(asked).toEqual([LOAD.until]);
  });

  test.each([[[{ replayed: 'false' }]], [[]]])(
    'is interrupted on a standby that has not replayed it: %j',
    async (rows) => {
      await expect(proveAt(rows).proof).rejects.toMatchObject(INTERRUPTED);
    },
  );
});
