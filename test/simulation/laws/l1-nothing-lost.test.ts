import { describe, expect, test } from 'vitest';
import type { Facts } from '../world/facts.ts';
import { type Change, Ledger, type LoadFacts } from '../world/ledger.ts';
import type { Version } from '../model/sim-source.ts';
import { NOTHING_LOST } from './l1-nothing-lost.ts';

const [CLAIMED_US, STAGED_US] = [100, 200];
const WINDOW = { since: '2024-01-01T00:00:00.000000Z', until: '2024-01-02T00:00:00.000000Z' };
const INSIDE = '2024-01-01T10:00:00.000000Z';

/** What the law says of a completed load that brought nothing, while its source had one version. */
function verdict(version: Partial<Version>, record: object): string | undefined {
  const ledger = new Ledger(() => 0);
  const load: LoadFacts = {
    ...ledger.loadOf({ entity: 'orders', load_id: '1' }),
    claimed_us: CLAIMED_US,
    staged_us: STAGED_US,
  };
  const versions = () => [{ line: 'the row', cursor: INSIDE, from_us: 1, to_us: Infinity, ...version }];
  const orders = { name: 'orders', poison: undefined, current: () => [], versions };
  const facts: Facts = {
    ledger,
    entities: new Map([['orders', orders]]),
    gone: new Set<string>(),
    asked_at: undefined,
  };
  const change = {
    kind: 'record',
    key: '',
    load,
    record: { status: 'completed', load_type: 'full', ...WINDOW, ...record },
  };
  return NOTHING_LOST.onChange?.(facts, change as Change);
}

describe('L1: a completed load lacks a version', () => {
  test('that was replaced between the last slice and the record', () => {
    expect(verdict({ to_us: STAGED_US + 1 }, {})).toContain('completed without the row');
  });

  test('that has no cursor, in a full load', () => {
    expect(verdict({ cursor: null }, {})).toContain('completed without the row');
    expect(verdict({ cursor: null }, { load_type: 'incremental' })).toBeUndefined();
  });

  test('unless it came after the claim, went before the last slice, or lies outside of the window', () => {
    expect(verdict({ from_us: CLAIMED_US + 1 }, {})).toBeUndefined();
    expect(verdict({ to_us: STAGED_US }, {})).toBeUndefined();
    expect(verdict({ cursor: WINDOW.until }, {})).toBeUndefined();
  });
});

describe('L1: a completed load of transactions lacks a version', () => {
  const database = '7001/1/5';
  const exact_window = {
    database,
    table_oid: '1',
    from_xid: '10',
    until_xid: '20',
    scan_from: null,
    next_scan_from: INSIDE,
  };
  const incremental = { load_type: 'incremental', exact_window };

  test('of a transaction below its end, however old its cursor is', () => {
    expect(verdict({ cursor: '2023-01-01T00:00:00.000000Z', written: { database, xid: 19n } }, incremental)).toContain(
      'without',
    );
    expect(verdict({ written: { database, xid: 20n } }, incremental)).toBeUndefined();
  });

  test('that the next load will not take, in a full load: of any transaction, below its scan or without a cursor', () => {
    const later = { written: { database, xid: 25n } };
    expect(verdict({ ...later, cursor: '2024-01-01T09:59:59.000000Z' }, { exact_window })).toContain('without');
    expect(verdict({ ...later, cursor: null }, { exact_window })).toContain('without');
    expect(verdict(later, { exact_window })).toBeUndefined();
  });
});
