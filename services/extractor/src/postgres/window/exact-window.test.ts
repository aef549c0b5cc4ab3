import type { ExactPosition } from '@bronze/common/words/exact-position';
import { type Timestamp, timestamp } from '@bronze/common/words/timestamp';
import { describe, expect, test } from 'vitest';
import { withObservation, type Bounds, type Observation, canImprove, withoutTimes } from './bounds.ts';
import { exactWatermark, type ExactClaim } from './exact-window.ts';
import { addedParts, isNotReplayed, positionMismatch, storageChange } from './position-mismatch.ts';

const microseconds = (time: Timestamp | null) => Date.parse(time ?? 'never') * 1000;
const at = (minute: number): Timestamp => timestamp(`2024-01-15T10:${String(minute).padStart(2, '0')}:00Z`);

function observation(changes: Partial<Observation> = {}): Observation {
  return {
    is_standby: false,
    database: 'a/00000001/5',
    table_oid: '16384',
    file_nodes: { '16384': '16390' },
    attached: [],
    at: at(30),
    snapshot_xmin: '100',
    snapshot_xmax: '100',
    basis: 'activity',
    others_since: at(30),
    open: [],
    wal_position: null,
    wal_writer_delay_ms: 200,
    ...changes,
  };
}

const known = (changes: Partial<Bounds> = {}): Bounds => ({
  database: 'a/00000001/5',
  table_oid: '16384',
  file_nodes: { '16384': '16390' },
  xid: '90',
  next_xid: '95',
  lower_bound: at(5),
  lower_bound_basis: 'activity',
  open_bound: at(10),
  open_bound_basis: 'activity',
  looked_at: at(15),
  open_transactions: {},
  ...changes,
});

describe('the lower bound of the ids from snapshot_xmin on', () => {
  const held = (snapshot_xmin: string) => ({ snapshot_xmin, snapshot_xmax: '110' });

  test.each([
    ['the open bound of now, if nothing is writing', { others_since: at(20) }, known(), at(20)],
    ['the previous open bound, from its snapshot_xmax on', held('95'), known(), at(10)],
    ['the previous open bound, above its snapshot_xmax too', held('100'), known(), at(10)],
    ['the previous lower bound, below that snapshot_xmax', held('94'), known(), at(5)],
    [
      'the previous lower bound, if the previous open bound is unknown',
      held('100'),
      known({ open_bound: null }),
      at(5),
    ],
    ['the previous open bound, even if an older transaction shows only now', { others_since: at(1) }, known(), at(10)],
    ['the open bound of now, if no earlier bound is known', {}, known({ lower_bound: null, open_bound: null }), at(30)],
    ['unknown, at a first observation while something is writing', held('100'), undefined, null],
  ] as const)('is %s', (_, changes, before, bound) => {
    expect(withObservation(before, observation(changes)).lower_bound).toBe(bound);
  });

  test('that rests on lookback_seconds is ignored on a primary and used on a standby', () => {
    const before = known({ lower_bound_basis: 'lookback', open_bound_basis: 'lookback' });
    expect(withObservation(before, observation(held('100')))).toMatchObject({
      lower_bound: null,
      lower_bound_basis: 'activity',
    });
    const standby = observation({ ...held('100'), is_standby: true, basis: 'lookback', others_since: at(2) });
    expect(withObservation(before, standby)).toMatchObject({ lower_bound: at(10), lower_bound_basis: 'lookback' });
    expect(withObservation(known(), standby)).toMatchObject({ lower_bound: at(10), lower_bound_basis: 'activity' });
  });
});

test('where writers overlap without end, the lower bound is at most two of their lifetimes behind', () => {
  // One writer begins every minute, takes an id a minute later and ends two minutes after that; a claim every minute.
  const claims: Bounds[] = [];
  for (let minute = 3; minute < 50; minute += 1) {
    const [xid, next_xid, since] = [100 + minute - 3, 100 + minute, at(minute - 3)];
    const now = observation({
      at: at(minute),
      snapshot_xmin: String(xid),
      snapshot_xmax: String(next_xid),
      others_since: since,
    });
    claims.push(withObservation(claims.at(-1), now));
  }
  const lags = claims
    .slice(10)
    .map(({ lower_bound, looked_at }) => microseconds(looked_at) - microseconds(lower_bound));
  expect(Math.max(...lags) / 60e6).toBeLessThanOrEqual(9);
});

describe('a position in which the clock was read', () => {
  const position: ExactPosition = { ...known(), at: at(5), scan_from: at(4), open_transactions: { '3/17': at(7) } };

  test('later than now keeps its ids and none of its times: the next scan has no bound', () => {
    const back = withoutTimes(position, at(14));
    expect(back).toMatchObject({ xid: '90', at: at(5), lower_bound: null, open_bound: null, open_transactions: {} });
    const seen = observation({ at: at(14), others_since: at(12), snapshot_xmax: '110' });
    expect(withObservation(position, seen).lower_bound).toBeNull();
  });

  test('between two observations of one claim, neither counts as a bound', () => {
    const first = withObservation(undefined, observation({ at: at(30), others_since: at(29) }));
    const second = observation({ at: at(20), others_since: at(20), snapshot_xmin: '105', snapshot_xmax: '105' });
    expect(first.lower_bound).toBe(at(29));
    expect(withObservation(first, second)).toMatchObject({ lower_bound: at(20), looked_at: at(20) });
    const held = { ...second, snapshot_xmin: '100' };
    expect(withObservation(first, held).lower_bound).toBeNull();
  });

  test('earlier than now is kept as it is', () => {
    expect(withoutTimes(position, at(15))).toBe(position);
  });
});

describe('an open transaction of unknown start', () => {
  const virtual = (open: Observation['open'], changes: Partial<Observation> = {}) =>
    observation({ basis: 'virtual_transactions', open, ...changes });
  const seen = { '3/17': at(7), '4/2': null };

  test.each([
    ['keeps the bound that it had', '3/17', 'virtual_transactions', at(7)],
    ['has no bound if it had none before', '4/2', 'virtual_transactions', null],
    ['began after the previous observation, which did not list it', '5/1', 'virtual_transactions', at(15)],
    ['may be any that was open, if the previous observation listed none', '5/1', 'activity', at(10)],
    ['may be any that was open, if it was prepared since', 'prepared:94', 'virtual_transactions', at(10)],
    ['has no bound if the previous observation proved nothing', '5/1', 'lookback', null],
  ] as const)('%s', (_, id, open_bound_basis, bound) => {
    const before = known({ open_bound_basis, open_transactions: seen });
    const after = withObservation(before, virtual([{ id, since: null }]));
    expect(after.open_transactions).toEqual({ [id]: bound });
    expect(after.open_bound).toBe(bound);
  });

  test('has no bound at the first observation, unless the role sees its start', () => {
    expect(withObservation(undefined, virtual([{ id: '3/17', since: null }])).open_bound).toBeNull();
    expect(withObservation(undefined, virtual([{ id: '3/17', since: at(3) }])).open_bound).toBe(at(3));
    expect(withObservation(undefined, virtual([])).open_bound).toBe(at(30));
  });
});

describe('the open bound', () => {
  test.each([
    [at(3), [at(3), at(7)]],
    [at(3), [at(7), at(3)]],
    [at(3), [at(7), at(3), at(9)]],
    [at(20), []],
    [null, [at(3), null]],
    [null, [null, at(3)]],
  ])('is %s, the earliest of what is known of the open transactions %j', (bound, starts) => {
    const open = starts.map((since, index) => ({ id: `3/${index}`, since }));
    const observed = observation({ basis: 'activity', others_since: at(20), open });
    expect(withObservation(undefined, observed).open_bound).toBe(bound);
  });
});

describe('an observation whose snapshot_xmax is not reached yet is awaited', () => {
  const held = (snapshot_xmin: string) => observation({ snapshot_xmin, snapshot_xmax: '110', others_since: at(20) });

  test('the oldest first, with its bound, besides the position’s own end', () => {
    expect(withObservation(known(), held('94'))).toMatchObject({
      awaited_bound: { next_xid: '95', at: at(10), basis: 'activity' },
      xid: '94',
      next_xid: '110',
      open_bound: at(20),
    });
    const awaited_bound = { next_xid: '93', at: at(8), basis: 'activity' } as const;
    expect(withObservation(known({ awaited_bound }), held('92')).awaited_bound).toEqual(awaited_bound);
    expect(withObservation(known({ awaited_bound }), held('94')).awaited_bound?.next_xid).toBe('95');
  });

  test('but not without a bound, which would be of no use', () => {
    expect(withObservation(known({ open_bound: null }), held('94')).awaited_bound).toEqual({
      next_xid: '110',
      at: at(20),
      basis: 'activity',
    });
    expect(withObservation(known(), observation())).not.toHaveProperty('awaited_bound');
  });
});

test('observing again may help while the lower bound is unknown or below the first open bound', () => {
  expect(canImprove(known(), known({ lower_bound: null }))).toBe(true);
  expect(canImprove(known(), known())).toBe(true);
  expect(canImprove(known(), known({ lower_bound: at(10) }))).toBe(false);
  expect(canImprove(known({ open_bound: null }), known())).toBe(false);
});

describe('a position', () => {
  const position: ExactPosition = { ...known(), at: at(5), scan_from: at(4) };

  test.each([
    [undefined, {}],
    ['database_changed', { database: 'a/00000002/5' }],
    ['database_restored', { snapshot_xmin: '89' }],
    ['database_restored', { snapshot_xmin: '94', snapshot_xmax: '94' }],
    ['table_changed', { table_oid: '1' }],
    ['table_changed', { file_nodes: { '16384': '16390', '7': '8' }, attached: ['7'] }],
    [undefined, { snapshot_xmin: '90', snapshot_xmax: '95' }],
    [undefined, { snapshot_xmin: '89', is_standby: true }],
  ] as const)('has the mismatch %s after the changes %j', (why, changes) => {
    expect(positionMismatch(position, observation(changes))).toBe(why);
  });

  test('has not been replayed if the same database is a standby that is behind it', () => {
    expect(isNotReplayed(position, observation({ snapshot_xmin: '89', is_standby: true }))).toBe(true);
    expect(isNotReplayed(position, observation({ snapshot_xmin: '90', is_standby: true }))).toBe(false);
    expect(isNotReplayed(position, observation({ snapshot_xmin: '89' }))).toBe(false);
    expect(isNotReplayed(position, observation({ snapshot_xmin: '89', is_standby: true, database: 'b' }))).toBe(false);
    expect(isNotReplayed(undefined, observation())).toBe(false);
  });
});

describe('a window', () => {
  const position: ExactPosition = { ...known(), at: at(5), scan_from: at(4) };
  const claim = (changes: Partial<ExactClaim> = {}): ExactClaim => ({
    since: at(5),
    position,
    mismatch: undefined,
    bounds: known({ xid: '100', next_xid: '120', lower_bound: at(10), open_bound: at(20), looked_at: at(30) }),
    written_below_xid: '100',
    lookback_seconds: 120,
    margin_seconds: 60,
    has_bound: true,
    has_filled_part: false,
    is_empty: false,
    atPrecision: (bound) => bound,
    ...changes,
  });

  test('begins where the previous one ended, and its scan at the lower bound of that', () => {
    expect(exactWatermark(claim())).toMatchObject({
      until: at(10),
      basis: 'exact_activity',
      window: { from_xid: '90', until_xid: '100', scan_from: at(4), next_scan_from: at(9) },
      position: { xid: '100', scan_from: at(9) },
      fallback: undefined,
      watermark_lag_seconds: 1200,
      oldest_transaction_seconds: 600,
    });
  });

  test('of a full load has no beginning, and its basis is that of the lower bound', () => {
    const basis = (lower_bound_basis: Bounds['lower_bound_basis']) =>
      exactWatermark(claim({ since: undefined, bounds: known({ lower_bound_basis }) })).basis;
    expect(exactWatermark(claim({ since: undefined })).window).toMatchObject({ from_xid: null, scan_from: null });
    expect([basis('activity'), basis('virtual_transactions'), basis('lookback')]).toEqual([
      'exact_activity',
      'exact_virtual_transactions',
      'lookback',
    ]);
  });

  test('without a known bound is scanned whole, and the timestamp is behind by the lookback', () => {
    const unknown = (changes: Partial<Bounds>) =>
      exactWatermark(claim({ bounds: known({ xid: '100', lower_bound: null, looked_at: at(30), ...changes }) }));
    expect(unknown({})).toMatchObject({ until: at(8), position: { scan_from: null } });
    expect(unknown({ open_bound: null })).toMatchObject({ until: at(28), oldest_transaction_seconds: undefined });
    const next = exactWatermark(claim({ position: { ...position, lower_bound: null, scan_from: null } }));
    expect(next).toMatchObject({ basis: 'exact_unbounded', window: { scan_from: null } });
  });

  test('of a materialized view scans without a bound, and so does the next one', () => {
    expect(exactWatermark(claim({ has_bound: false }))).toMatchObject({
      window: { next_scan_from: null },
      position: { scan_from: null },
    });
  });

  test.each([
    ['no_position', { position: undefined }],
    ['database_changed', { mismatch: 'database_changed' }],
    ['checkpoint_edited', { since: at(6) }],
    ['window_too_wide', { bounds: known({ xid: String(90n + 2n ** 31n) }) }],
  ] as const)('with the fallback %s begins at the timestamp less lookback and margin', (fallback, changes) => {
    const watermark = exactWatermark(claim(changes));
    const since = 'since' in changes ? at(3) : at(2);
    expect(watermark).toMatchObject({ fallback, basis: 'lookback', window: { from_xid: null, scan_from: since } });
  });

  test('of a rewritten table takes its ids with any cursor, and says so', () => {
    const rewritten = { ...position, file_nodes: { '16384': '16380' } };
    expect(exactWatermark(claim({ position: rewritten }))).toMatchObject({
      fallback: 'table_rewritten',
      basis: 'exact_unbounded',
      window: { from_xid: '90', until_xid: '100', scan_from: null, file_nodes: { '16384': '16390' } },
      position: { file_nodes: { '16384': '16390' } },
      until: at(10),
    });
  });

  test('of a table that was not rewritten is held back by nothing', () => {
    expect(exactWatermark(claim({ written_below_xid: '101' }))).toMatchObject({ fallback: undefined, until: at(10) });
  });

  test('of a table that was rewritten above its end leaves the rewrite to be found again', () => {
    const rewritten = { ...position, file_nodes: { '16384': '16380' } };
    expect(exactWatermark(claim({ position: rewritten, written_below_xid: '101' }))).toMatchObject({
      fallback: 'table_rewritten',
      until: at(5),
      window: { until_xid: '100', file_nodes: { '16384': '16390' } },
      position: { file_nodes: { '16384': '16380' } },
    });
  });

  test('of a table that was rewritten while long writers overlap finds its rows once those of that time are over', () => {
    const before = { ...position, file_nodes: { '16384': '16380' } };
    const claimAt = (last: ExactPosition, xid: string, written_below_xid: string) =>
      exactWatermark(claim({ position: last, bounds: known({ ...bounds(xid) }), written_below_xid }));
    const bounds = (xid: string) => ({ xid, next_xid: '300', lower_bound: at(10) });
    const first = claimAt(before, '100', '110');
    expect(first.position.held_back).toEqual({ file_nodes: { '16384': '16390' }, below_xid: '110' });
    const held = { ...first.position, at: at(5) };
    expect(claimAt(held, '109', '200')).toMatchObject({ until: at(5), position: { held_back: { below_xid: '110' } } });
    const last = claimAt(held, '110', '300');
    expect(last).toMatchObject({ fallback: 'table_rewritten', until: at(10), window: { from_xid: '100' } });
    expect(last.position.file_nodes).toEqual({ '16384': '16390' });
    expect(last.position.held_back).toBeUndefined();
    const again = { ...held, held_back: { file_nodes: { '16384': '16385' }, below_xid: '110' } };
    expect(claimAt(again, '110', '300').position.held_back?.below_xid).toBe('300');
  });

  test('of a table with a new part that has rows takes its ids with any cursor, each once', () => {
    expect(exactWatermark(claim({ has_filled_part: true }))).toMatchObject({
      fallback: undefined,
      basis: 'exact_unbounded',
      window: { from_xid: '90', until_xid: '100', scan_from: null },
      until: at(10),
    });
    const edited = exactWatermark(claim({ has_filled_part: true, since: at(6) }));
    expect(edited).toMatchObject({ fallback: 'checkpoint_edited', window: { from_xid: null, scan_from: at(3) } });
  });

  test('that ends below the rows of a new part leaves it to be found again, and forgets parts that are gone', () => {
    const file_nodes = { '16384': '16390', '1': '5' };
    const bounds = known({ xid: '100', file_nodes: { '16384': '16390', '2': '6' } });
    const held = { position: { ...position, file_nodes }, bounds, written_below_xid: '101', has_filled_part: true };
    const watermark = exactWatermark(claim(held));
    expect(watermark.position.file_nodes).toEqual({ '16384': '16390' });
    expect(watermark).toMatchObject({ until: at(5), window: { until_xid: '100', file_nodes: bounds.file_nodes } });
    const full = exactWatermark(claim({ ...held, since: undefined }));
    expect(full).toMatchObject({ position: { file_nodes: bounds.file_nodes } });
  });
});

test('the storage of a table is another when a part lies in another file, or came to it with rows of its own', () => {
  const change = (before: Record<string, string> | undefined, now: Record<string, string>, attached: string[] = []) =>
    storageChange(before, { file_nodes: now, attached });
  expect(change({ '1': '5', '2': '6' }, { '2': '6', '1': '5' })).toBeUndefined();
  expect(change({ '1': '5' }, { '1': '7' })).toBe('table_rewritten');
  expect(change({ '1': '5' }, { '1': '5', '2': '6' })).toBeUndefined();
  expect(change({ '1': '5' }, { '1': '5', '2': '6' }, ['2'])).toBe('table_changed');
  expect(change({ '1': '5', '2': '6' }, { '1': '5', '2': '6' }, ['2'])).toBeUndefined();
  expect(change({ '1': '5', '2': '6' }, { '1': '5', '2': '7' }, ['2'])).toBe('table_rewritten');
  expect(change({ '1': '5', '2': '6' }, { '1': '5' })).toBeUndefined();
  expect(change(undefined, { '1': '5' }, ['1'])).toBeUndefined();
  expect(addedParts({ '1': '5', '3': '5' }, { '1': '7', '2': '6' })).toEqual(['2']);
  expect(addedParts(undefined, { '1': '7' })).toEqual([]);
});
