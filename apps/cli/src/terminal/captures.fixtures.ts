/** Fixed data of a run with 3 and with 60 entities, for the captures. */
import { defineConfig } from '@bronze/common/config';
import type { PipelineEvent } from '@bronze/common/load/events';
import type { LoadRecord } from '@bronze/common/load/load-record';
import { quarantineKey } from '@bronze/common/load/object-keys';
import { timestamp } from '@bronze/common/words/timestamp';
import type { EntityResult, RunReport } from '@bronze/runner/run-locally';
import { type EntityStatus, statusOf } from '../entity-status.ts';
import {
  claimed,
  committed,
  completed,
  dead,
  failure,
  planned,
  retried,
  staged,
  unreachable,
  written,
} from './run-events.fixtures.ts';

export type Size = 3 | 60;

const UNTIL = timestamp('2024-01-15T10:32:00.123456Z');
const DENIED = failure(
  'SOURCE_DENIED',
  'reading stock: permission denied for table stock',
  'Grant it: GRANT SELECT ON public.stock TO the role that Bronze connects as.',
);
const UNREACHABLE = failure(
  'SOURCE_UNREACHABLE',
  'connecting to shop: connect ECONNREFUSED 127.0.0.1:5477',
  'Check that the database runs, and its host, port and security group, from where Bronze runs.',
);

interface Fate {
  readonly entity: string;
  readonly rows: number;
  readonly rows_quarantined: number;
  readonly failure?: typeof DENIED;
}

/** What becomes of each entity. */
function fates(size: Size): readonly Fate[] {
  if (size === 3) {
    return [
      { entity: 'customers', rows: 50_000, rows_quarantined: 0 },
      { entity: 'orders', rows: 1_234_567, rows_quarantined: 512 },
      { entity: 'stock', rows: 0, rows_quarantined: 0, failure: DENIED },
    ];
  }
  return Array.from({ length: 60 }, (_, index) => ({
    entity: `table_${String(index + 1).padStart(2, '0')}`,
    rows: index < 54 ? (index + 1) * 1234 : 0,
    rows_quarantined: index === 7 ? 512 : 0,
    ...(index >= 54 && { failure: UNREACHABLE }),
  }));
}

/** What has happened when the capture is made, in the middle of the run: with the milliseconds that pass after each. */
export function eventsOf(size: Size): readonly (readonly [event: PipelineEvent, then_ms: number])[] {
  const all = fates(size);
  const begun = all.map(({ entity }) => [planned(entity), 0] as const);
  if (size === 3) {
    return [
      ...begun,
      [claimed('customers', 48_000), 0],
      [claimed('orders', 1_200_000), 2000],
      [staged('customers', 50_000), 0],
      [staged('orders', 100_000), 1000],
      [committed('customers', 50_000), 0],
      [written('customers', 50_000), 0],
      [completed('customers', 50_000), 1000],
      [staged('orders', 150_000), 0],
      [dead('stock', DENIED), 4000],
      [staged('orders', 150_000), 1000],
    ];
  }
  return [
    ...begun,
    ...all
      .slice(0, 24)
      .flatMap(({ entity, rows }) => [
        [claimed(entity), 0] as const,
        [staged(entity, rows), 10] as const,
        [completed(entity, rows), 10] as const,
      ]),
    [claimed('table_25', 40_000), 0],
    [claimed('table_26'), 6000],
    [staged('table_25', 25_000), 0],
    [staged('table_26', 1000), 0],
    [retried('table_26'), 400],
    [claimed('table_40', 100_000), 0],
    [staged('table_40', 60_000), 0],
    [committed('table_40', 60_000), 0],
    [written('table_40', 20_000), 4000],
    [dead('table_60', UNREACHABLE), 200],
  ];
}

/** The database goes away: all that read from it wait. */
export const OUTAGE = unreachable('orders');

export function reportOf(size: Size): RunReport {
  return {
    plan: { run_id: 'r', load_type: 'incremental', planned: [], skipped: [] },
    results: fates(size).map(resultOf),
    left: [],
  };
}

function recordOf({ entity, rows, rows_quarantined }: Fate): LoadRecord {
  const key = quarantineKey({ entity, load_id: 'l', load_type: 'full', ingested_at: UNTIL }, 0, 0);
  const reasons = [{ reason: 'due is not exactly a timestamptz', rows: rows_quarantined }];
  return {
    version: 1,
    status: 'completed',
    entity,
    load_id: 'l',
    load_type: 'full',
    since: timestamp('1970-01-01'),
    until: UNTIL,
    ingested_at: UNTIL,
    completed_at: UNTIL,
    rows,
    rows_in_bronze: rows - rows_quarantined,
    rows_quarantined,
    slices: 1,
    write_tasks: 1,
    engines: [],
    columns: [],
    parts: [{ key: 'part', rows, bytes: rows * 90, sha256: '' }],
    quarantine: rows_quarantined === 0 ? [] : [{ key, rows: rows_quarantined, reasons }],
  };
}

function resultOf(fate: Fate): EntityResult {
  const { entity, failure, rows } = fate;
  const load = recordOf(fate);
  return {
    entity,
    backfill: undefined,
    status: failure ? 'failed' : 'completed',
    loads: failure ? [] : [load],
    load: failure ? undefined : load,
    continued_from: undefined,
    skipped_because: undefined,
    duration_seconds: 8,
    rows_written: rows,
    checkpoint: failure ? undefined : { last_sync_timestamp: UNTIL },
    failure,
  };
}

/** All entities are of one database. */
export function configOf(size: Size) {
  return defineConfig({
    sources: { shop: { type: 'postgres' } },
    entities: Object.fromEntries(
      fates(size).map(({ entity }) => [entity, { source: 'shop', table: `public.${entity}` }]),
    ),
  });
}

export function statusesOf(size: Size): readonly EntityStatus[] {
  const now = timestamp('2024-01-15T13:32:00Z');
  const configured = { enabled: true, allow_quarantine: false, fresh_within: '26h' };
  return fates(size).map((fate) => {
    const { entity, failure } = fate;
    const { load_id, load_type, completed_at, rows_in_bronze, rows_quarantined: rows, ...rest } = recordOf(fate);
    const record = { ...recordOf(fate), window_basis: 'exact_virtual_transactions' };
    const quarantined = {
      entity,
      load_id,
      load_type,
      completed_at,
      rows,
      objects: rest.quarantine,
      state: 'open',
    } as const;
    const checkpoint = { last_sync_timestamp: UNTIL, record_count: rows_in_bronze, last_load_id: load_id };
    const facts = {
      entity,
      configured,
      checkpoint: failure ? undefined : checkpoint,
      unreadable: undefined,
      last_schema_change: null,
      record: failure ? undefined : record,
      quarantine: rows > 0 ? [quarantined] : [],
      failures: failure ? [failure] : [],
      isRunning: false,
    };
    return statusOf(facts, now);
  });
}

export const PREVIEW_NAMES = [
  'id',
  'email',
  'marketing_opt_in',
  'preferences',
  'updated_at',
  '_ingestion_ts',
  '_source_system',
  '_record_hash',
  '_ingestion_id',
];

export const PREVIEW_ROWS = [1, 2, 3].map((id) => [
  String(id),
  `user${id}@example.com`,
  id === 2 ? null : 'false',
  JSON.stringify({
    theme: 'dark',
    newsletters: ['weekly', 'offers', 'product news'],
    note: `line one\nline ${id} — 漢字`,
  }),
  '2024-01-15 10:30:19.362701+00',
  '2024-01-15 10:32:00.061+00',
  'rds',
  'b97da9b95a79fb691e1cd3f8bd9ef31d',
  '2f37f4f6-7e9c-8a61-96f0-5e31946a1b2c',
]);
