import { describe, expect, test } from 'vitest';
import type { Facts } from '../world/facts.ts';
import { type Change, Ledger, type LoadFacts } from '../world/ledger.ts';
import type { Version } from '../model/sim-source.ts';
import { NOTHING_LOST } from './l1-nothing-lost.ts';

const [CLAIMED_US, STAGED_US] = [100, 200];
const WINDOW = { since: '2024-01-01T00:00:00.000000Z', until: '2024-01-02T00:00:00.000000Z' };
const INSIDE = '2024-01-01T10:00:00.000000Z';

/** The law's verdict on a completed load that brought nothing while its source held this one version. */
function verdict(version: Partial<Version>, record: object): string | undefined {
  const ledger = new Ledger(() => 0);
  const load: LoadFacts = {
    ...ledger.loadOf({ entity: 'orders', load_id: '1' }),
    claimed_us: CLAIMED_US,
    staged_us: STAGED_US,
  };
  const versions = () => [{ line: 'the row', cursor: INSIDE, from_us: 1, to_us: Infinity, ...version }];
  const orders = { name: 'orders', poison: undefined, current: () => [], versions, is_clock_wrong: false };
  const facts: Facts = {
    ledger,
    entities: new Map([['orders', orders]]),
    gone: new Set<string>(),
    lost: new Set<string>(),
    ever_lost: new Set<string>(),
    asked_at: undefined,
    count: () => undefined,
  };
  const change = {
    kind: 'record',
    key: '',
    load,
    record: { status: 'completed', load_type: 'full', ...WINDOW, ...record },
  };
  return NOTHING_LOST.onChange?.(facts, change as Change);
}

describe('L1 is broken by a completed load that lacks a version', () => {
  test('replaced after the last slice and before the load record', () => {
    expect(verdict({ to_us: STAGED_US + 1 }, {})).toContain('completed without the row');
  });

  test('without a cursor, if the load is full', () => {
    expect(verdict({ cursor: null }, {})).toContain('completed without the row');
    expect(verdict({ cursor: null }, { load_type: 'incremental' })).toBeUndefined();
  });

  test('unless the version appeared after the claim, was gone by the last slice, or is outside the window', () => {
    expect(verdict({ from_us: CLAIMED_US + 1 }, {})).toBeUndefined();
    expect(verdict({ to_us: STAGED_US }, {})).toBeUndefined();
    expect(verdict({ cursor: WINDOW.until }, {})).toBeUndefined();
  });
});

describe('L1 is broken by a completed load with an exact window that lacks a version', () => {
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

  test('of a transaction below the end of its window, however old the cursor', () => {
    expect(verdict({ cursor: '2023-01-01T00:00:00.000000Z', written: { database, xid: 19n } }, incremental)).toContain(
      'without',
    );
    expect(verdict({ written: { database, xid: 20n } }, incremental)).toBeUndefined();
  });

  test('that the next load’s scan will not find, if the load is full: a cursor below its start, or none', () => {
    const later = { written: { database, xid: 25n } };
    expect(verdict({ ...later, cursor: '2024-01-01T09:59:59.000000Z' }, { exact_window })).toContain('without');
    expect(verdict({ ...later, cursor: null }, { exact_window })).toContain('without');
    expect(verdict(later, { exact_window })).toBeUndefined();
  });
});
