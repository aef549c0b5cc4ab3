import type { PendingLoad } from '@bronze/common/load/checkpoint';
import { defineConfig, entityOf, isTable } from '@bronze/common/config';
import type { ExactWindow } from '@bronze/common/words/exact-position';
import type { TableEntityInput } from '@bronze/common/config/postgres';
import { timestamp } from '@bronze/common/words/timestamp';
import { expect, test } from 'vitest';
import { countWithoutCursorSql } from './without-cursor.ts';
import { windowCondition } from './window-condition.ts';

const quoting = { identifier: (name: string) => `"${name}"`, literal: (text: string) => `'${text}'` };
const window: ExactWindow = {
  database: 'd',
  table_oid: '7',
  from_xid: '90',
  until_xid: '100',
  scan_from: timestamp('2024-01-14'),
  next_scan_from: timestamp('2024-01-15'),
};

interface Case {
  readonly entity?: Partial<TableEntityInput>;
  readonly load?: Partial<PendingLoad>;
  readonly is_exact?: boolean;
  readonly type?: string;
}

function tableOf(settings: Partial<TableEntityInput> = {}) {
  const config = defineConfig({
    sources: { db: { type: 'postgres' } },
    entities: { things: { source: 'db', table: 'public.things', ...settings } },
  });
  const entity = entityOf(config, 'things');
  if (!isTable(entity)) throw new Error('it is a table');
  return entity;
}

function condition({ entity, load, is_exact = true, type = 'timestamp with time zone' }: Case): string | undefined {
  const pending: PendingLoad = {
    load_id: '00000000-0000-8000-8000-000000000001',
    load_type: 'incremental',
    since: timestamp('2024-01-14'),
    until: timestamp('2024-01-15'),
    ingested_at: timestamp('2024-01-15'),
    exact_window: window,
    ...load,
  };
  const columns = ['updated_at', 'deleted_at'].map((name) => ({ name, id: '', type, not_null: false, readable: true }));
  return windowCondition({ entity: tableOf(entity), columns, load: pending, zone: 'Asia/Tokyo', is_exact }, quoting);
}

const FROM = `timestamptz '2024-01-14T00:00:00.000000Z'`;
const NEXT = `timestamptz '2024-01-15T00:00:00.000000Z'`;
const WITHIN = '((xmin::text::bigint - 90) & 4294967295) < 10';
const NEWER =
  '((xmin::text::bigint - 100) & 4294967295) < (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint) - 100';
const both = { cursor: ['updated_at', 'deleted_at'] };
const full = { load_type: 'full' } as const;
const bare = { exact_window: undefined };

test.each<[string, Case, string | undefined]>([
  ['an exact window', {}, `"updated_at" >= ${FROM} AND ${WITHIN}`],
  [
    'an exact window without a bound',
    { load: { exact_window: { ...window, scan_from: null } } },
    `"updated_at" IS NOT NULL AND ${WITHIN}`,
  ],
  [
    'an exact window over several cursors',
    { entity: both },
    `("updated_at" >= ${FROM} OR "deleted_at" >= ${FROM}) AND ${WITHIN}`,
  ],
  [
    'an exact window over a cursor without a zone',
    { type: 'timestamp without time zone' },
    `"updated_at" >= (${FROM} AT TIME ZONE 'Asia/Tokyo') AND ${WITHIN}`,
  ],
  ['an exact window in another history', { is_exact: false }, `"updated_at" >= ${FROM}`],
  [
    'a full load',
    { load: { ...full, exact_window: { ...window, from_xid: null } } },
    `("updated_at" >= ${NEXT} AND ${NEWER}) IS NOT TRUE`,
  ],
  ['a full load in another history', { load: full, is_exact: false }, undefined],
  [
    'a load that falls back',
    { load: { exact_window: { ...window, from_xid: null } } },
    `"updated_at" >= ${FROM} AND ("updated_at" >= ${NEXT} AND ${NEWER}) IS NOT TRUE`,
  ],
  ['an entity without a cursor', { entity: { cursor: null } }, undefined],
  ['a window of time', { load: bare }, `"updated_at" >= ${FROM} AND "updated_at" < ${NEXT}`],
  [
    'a full load by time over several cursors',
    { entity: both, load: { ...bare, ...full } },
    `(GREATEST("updated_at", "deleted_at") >= ${NEXT} AND GREATEST("updated_at", "deleted_at") <= clock_timestamp()) IS NOT TRUE`,
  ],
  [
    'a full load by time over a cursor without a zone',
    { type: 'timestamp without time zone', load: { ...bare, ...full } },
    `("updated_at" >= (${NEXT} AT TIME ZONE 'Asia/Tokyo') AND "updated_at" <= (clock_timestamp() AT TIME ZONE 'Asia/Tokyo')) IS NOT TRUE`,
  ],
])('%s has its condition', (_, one, sql) => {
  expect(condition(one)).toBe(sql);
});

test('rows without a cursor are those where every cursor is NULL, within the window if it has a beginning', () => {
  const count = 'SELECT count(*)::text AS rows FROM "public"."things" WHERE';
  const sql = (from_xid: string | null) =>
    countWithoutCursorSql(tableOf(both), { from_xid, until_xid: '100' }, quoting);
  expect(sql('90')).toBe(`${count} "updated_at" IS NULL AND "deleted_at" IS NULL AND ${WITHIN}`);
  expect(sql(null)).toBe(`${count} "updated_at" IS NULL AND "deleted_at" IS NULL`);
  expect(countWithoutCursorSql(tableOf(), undefined, quoting)).toBe(`${count} "updated_at" IS NULL`);
});
