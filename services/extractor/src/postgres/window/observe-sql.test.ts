import { describe, expect, test } from 'vitest';
import { decodeObservation } from './observe-sql.ts';

const AT = '2024-01-15T10:30:00.000000Z';

function rowsWith(open: object, prepared: readonly string[] = [], after = AT) {
  const seen = { is_standby: false, replayed: null, sees_all: false, oldest: null, newest: null, open: [], ...open };
  return {
    clock: { at: AT, cleared: '' },
    open: { open: JSON.stringify(seen) },
    prepared: prepared.map((id) => ({ id })),
    snapshot: {
      at: after,
      snapshot_xmin: '5',
      snapshot_xmax: '9',
      database: 'd',
      wal_position: '4096',
      wal_writer_delay_ms: '200',
    },
  };
}

const table = { table_oid: '7', file_nodes: { '7': '8' }, attached: [] };
const place = { ...table, database: 'd', at: AT, snapshot_xmin: '5', snapshot_xmax: '9' };
const shared = { ...place, wal_position: '4096', wal_writer_delay_ms: 200 };

test('for a role that sees all, it has the oldest start, the hidden transactions and the prepared ones', () => {
  const open = [
    { id: '3/17', since: AT },
    { id: '4/2', since: null },
  ];
  expect(decodeObservation(rowsWith({ sees_all: true, open }, ['prepared:4']), table, 60)).toEqual({
    ...shared,
    is_standby: false,
    basis: 'activity',
    others_since: AT,
    open: [
      { id: '4/2', since: null },
      { id: 'prepared:4', since: null },
    ],
  });
  const oldest = '2024-01-15T10:29:00.000000Z';
  expect(decodeObservation(rowsWith({ sees_all: true, oldest }), table, 60).others_since).toBe(oldest);
});

describe('a clock that is set back', () => {
  const [EARLIER, LATER] = ['2024-01-15T10:29:59.000000Z', '2024-01-15T10:30:00.000001Z'] as const;

  test('between the first statement and the last gives the observation the earlier time', () => {
    expect(decodeObservation(rowsWith({}, [], EARLIER), table, 60).at).toBe(EARLIER);
    expect(decodeObservation(rowsWith({}, [], LATER), table, 60).at).toBe(AT);
  });

  test('leaves no bound for what began before: its start is later than now', () => {
    const open = [{ id: '3/17', since: LATER }];
    expect(decodeObservation(rowsWith({ open }), table, 60).open).toEqual([{ id: '3/17', since: null }]);
    const all = { sees_all: true, oldest: EARLIER, newest: LATER, open };
    expect(decodeObservation(rowsWith(all), table, 60)).toMatchObject({ others_since: null });
    // A transaction that began between the first statement and the last is none of them.
    expect(decodeObservation(rowsWith(all, [], LATER), table, 60)).toMatchObject({ others_since: EARLIER });
  });
});

test('for any other role, it lists every open transaction, with the start where the role sees it', () => {
  const open = [
    { id: '3/17', since: AT },
    { id: '4/2', since: null },
  ];
  expect(decodeObservation(rowsWith({ open }, ['prepared:4']), table, 60)).toMatchObject({
    basis: 'virtual_transactions',
    others_since: AT,
    open: [...open, { id: 'prepared:4', since: null }],
  });
});

test.each([
  ['2024-01-15T10:29:30.000000Z', '2024-01-15T10:28:30.000000Z'],
  ['2024-01-15T10:31:00.000000Z', '2024-01-15T10:29:00.000000Z'],
  [null, '0001-01-01T00:00:00.000000Z'],
])('on a standby that has replayed up to %s, others_since is %s', (replayed, others_since) => {
  const observation = decodeObservation(rowsWith({ is_standby: true, sees_all: true, replayed }), table, 60);
  expect(observation).toMatchObject({ is_standby: true, basis: 'lookback', others_since, open: [] });
});
