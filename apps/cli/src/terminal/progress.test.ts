import type { PipelineEvent } from '@bronze/common/load/events';
import { describe, expect, test, vi } from 'vitest';
import { fakeStream, shownBy, virtualTime } from './fake-terminal.fixtures.ts';
import { createProgress } from './progress.ts';
import {
  claimed,
  committed,
  completed,
  dead,
  failure,
  load,
  planned,
  retried,
  staged,
  unreachable,
  written,
} from './run-events.fixtures.ts';

const TERMINAL = { columns: 80, rows: 24 };

/** A run on a terminal of this size, or on none. `shown` is what is to be seen now. */
function runOn(size: { readonly columns: number; readonly rows: number } | undefined) {
  const { stream, written } = fakeStream(size);
  const time = virtualTime();
  const sourceOf = (entity: string) => (entity.startsWith('api') ? 'api' : 'shop');
  const progress = createProgress(sourceOf, { stream, ...time });
  const tell = (...events: PipelineEvent[]) => {
    for (const event of events) progress.event(event);
  };
  const shown = () => shownBy(written(), size?.columns || Infinity);
  return { progress, tell, pass: time.pass, shown };
}

test.each([TERMINAL, undefined])('objects that are no receipts are named in one line (terminal: %j)', (size) => {
  const { tell, progress, shown } = runOn(size);
  tell({
    kind: 'strays_ignored',
    entity: 'orders',
    load_id: 'l',
    prefix: 'data/staging/orders/l/receipts/',
    objects: 5,
    names: ['', '.DS_Store', 'a\n.json'],
  });
  progress.stop();
  // A terminal breaks the line where it ends.
  expect(shown().join('').split('Ignored: ').slice(1)).toEqual([
    'orders, 5 objects in data/staging/orders/l/receipts/ that Bronze did not write there: the marker of the folder, ".DS_Store", "a\\n.json" and others',
  ]);
});

test.each([TERMINAL, undefined])(
  'a load that a run can’t help is waited for, and why is said (terminal: %j)',
  (size) => {
    const { tell, progress, shown } = runOn(size);
    tell({ kind: 'load_left', entity: 'orders', load_id: 'l', failure: failure('KEY_CHANGED', 'another key') });
    progress.stop();
    expect(shown().join('')).toContain(
      'Waiting: orders, for another run’s load, which this run can’t help: KEY_CHANGED: another key',
    );
  },
);

describe('on a terminal', () => {
  test('a run shows rows, percent, the rate of the last seconds, elapsed and remaining time', () => {
    const { tell, pass, shown } = runOn({ columns: 100, rows: 24 });
    tell(planned('orders'), planned('stock'), claimed('orders', 1_000_000));
    pass(5000);
    tell(staged('orders', 50_000));
    pass(5000);
    tell(staged('orders', 200_000));
    pass(200);
    expect(shown()).toEqual([
      'orders  reading  250,000 of ~1M rows  25 %  25,000 rows/s  ~71 s left  10 s',
      'stock   waiting',
      '1 running, 1 waiting, 10 s',
    ]);
    tell(committed('orders', 250_000), written('orders', 125_000));
    pass(9800);
    expect(shown().at(0)).toBe('orders  writing  125,000 of 250,000 rows  50 %  12,500 rows/s  ~6.7 s left  20 s');
  });

  test('a load that goes on from an earlier run has no total, and a rate of what this run reads', () => {
    const { tell, pass, shown } = runOn(TERMINAL);
    tell(planned('orders'));
    pass(60_000);
    tell({ kind: 'load_continued', ...load('orders'), run_id: 'r', claimed_at: '' }, staged('orders', 5000));
    pass(200);
    expect(shown().at(0)).toBe('orders  reading  5,000 rows  5,000 rows/s  0.2 s');
    tell(committed('orders', 1_000_000), written('orders', 600));
    pass(30_000);
    expect(shown().at(0)).toBe('orders  writing  600 rows  0 rows/s  30 s');
  });

  test('a load is done with the rows of all runs, an abandoned one is not done, and what others did has no figures', () => {
    const { tell, pass, shown } = runOn(TERMINAL);
    tell(claimed('orders'), written('orders', 10), completed('orders', 5000));
    tell(claimed('stock'), { kind: 'load_abandoned', ...load('stock') });
    tell(planned('returns'), { kind: 'request_done', ...load('returns'), reason: 'done already' });
    pass(1000);
    expect(shown()).toEqual([
      'orders   done       5,000 rows',
      'stock    abandoned',
      'returns  done',
      '2 done, 1 abandoned, 1.0 s',
    ]);
  });

  test('an estimate that was too low is not shown any more', () => {
    const { tell, pass, shown } = runOn(TERMINAL);
    tell(claimed('orders', 100), staged('orders', 100));
    pass(10_000);
    expect(shown().at(0)).toBe('orders  reading  100 rows  10 rows/s  10 s');
  });

  test('retries are shown until it goes on, and so is why an entity failed', () => {
    const { tell, pass, shown } = runOn(TERMINAL);
    tell(claimed('orders'), claimed('stock'), retried('orders'));
    tell(dead('stock', failure('SOURCE_DENIED', 'permission denied for table stock')));
    pass(1000);
    expect(shown()).toEqual([
      'orders  retrying  attempt 1 failed, SOURCE_INTERRUPTED: reading orders: Connect…',
      'stock   failed    SOURCE_DENIED: permission denied for table stock',
      '1 running, 1 failed, 1.0 s',
    ]);
    tell(staged('orders', 10));
    pass(1000);
    expect(shown().at(0)).toBe('orders  reading  10 rows  5 rows/s  2.0 s');
  });

  test('entities whose source can’t be reached are not “waiting”: one line says what for', () => {
    const { tell, pass, shown } = runOn(TERMINAL);
    tell(planned('orders'), planned('stock'), planned('api_payments'), claimed('orders'), unreachable('stock'));
    pass(18_000);
    expect(shown()).toEqual([
      'api_payments  waiting',
      'waiting for shop (2 entities), for 42 s more: connecting to shop: connect ECONN…',
      '1 waiting, 2 waiting for a source, 18 s',
    ]);
    tell({ kind: 'source_reached', entity: 'stock', source: 'shop', waited_seconds: 18 }, staged('orders', 10));
    pass(200);
    expect(shown().at(0)).toMatch(/^orders +reading +10 rows/);
  });

  test('of more entities than lines those are shown that run, and those that failed', () => {
    const { tell, pass, shown } = runOn(TERMINAL);
    for (let table = 1; table <= 60; table += 1) tell(planned(`table_${table}`));
    for (let table = 1; table <= 27; table += 1) tell(claimed(`table_${table}`), completed(`table_${table}`, 10));
    tell(claimed('table_31'), claimed('table_59', 100), staged('table_59', 25));
    pass(6000);
    expect(shown()).toEqual([
      'table_31  reading           0 rows        0 rows/s              6.0 s',
      'table_59  reading  25 of ~100 rows  25 %  4 rows/s  ~42 s left  6.0 s',
      '… 2 running, 31 waiting, 27 done, 6.0 s',
    ]);
  });

  test('no line is longer than the terminal is wide, and no display has more lines than it', () => {
    for (const columns of [40, 60, 80, 100, 140]) {
      const { tell, pass, progress, shown } = runOn({ columns, rows: 10 });
      for (let table = 1; table <= 30; table += 1) {
        const entity = `a_table_with_a_rather_long_name_${table}`;
        tell(claimed(entity, 5_000_000), staged(entity, 1_234_567), table % 3 ? retried(entity) : staged(entity, 1));
      }
      tell(unreachable('orders'));
      pass(10_000);
      expect(shown().length).toBeLessThanOrEqual(9);
      expect(Math.max(...shown().map((line) => line.length))).toBeLessThanOrEqual(columns);
      progress.stop();
      expect(shown()).toEqual([]);
    }
  });

  test('what is said meanwhile stays, and nothing of the display is left behind it', () => {
    const { tell, pass, progress, shown } = runOn(TERMINAL);
    tell(claimed('orders'), staged('orders', 100_000));
    pass(1000);
    progress.say('Stopping after the current batch; the next run continues from there.');
    pass(1000);
    tell(staged('orders', 150_000));
    pass(1000);
    expect(shown()).toEqual([
      'Stopping after the current batch; the next run continues from there.',
      'orders  reading  250,000 rows  83,333 rows/s  3.0 s',
      '1 running, 3.0 s',
    ]);
    progress.stop();
    progress.say('Interrupted.');
    pass(10_000);
    expect(shown()).toEqual(['Stopping after the current batch; the next run continues from there.', 'Interrupted.']);
  });
});

test.each([TERMINAL, undefined])('what a source says is not obeyed by the terminal (terminal: %j)', (size) => {
  const { stream, written } = fakeStream(size);
  const progress = createProgress(() => 'shop', { stream, ...virtualTime() });
  const why = failure(
    'SOURCE_REJECTED',
    'the API says\u001b]0;x\u0007\n[2024-01-15 10:30:00] Completed: stock\u009b1m',
  );
  progress.event(dead('orders', why));
  progress.event({ kind: 'source_retried', entity: 'orders', attempt: 1, failure: why });
  progress.event({ kind: 'load_left', entity: 'orders', load_id: 'l', failure: why });
  progress.say('two\nlines\u001b[2J');
  progress.stop();
  for (const obeyed of ['\u001b]0', '\u0007', '\u009b', 'lines\u001b']) expect(written()).not.toContain(obeyed);
  expect(written()).not.toMatch(/^\[2024-01-15 10:30:00\] Completed: stock/m);
  expect(written()).toMatch(/says\\x1b\]0;x\\x07\\n\[2024.*\\x9b1m/);
  expect(written()).toMatch(/two\nlines\\x1b\[2J/);
});

describe('off a terminal', () => {
  test('retries of a source for the same reason are one line in ten seconds, whatever number of entities it has', () => {
    const { tell, pass, shown } = runOn(undefined);
    const gone = failure('SOURCE_UNREACHABLE', 'connecting to shop: connect ECONNREFUSED');
    const retry = (entity: string, failure = gone): PipelineEvent => ({
      kind: 'message_failed',
      entity,
      receive_count: 1,
      is_dead: false,
      failure,
    });
    tell(retry('orders'), retry('stock'), retry('api_leads'), retry('items', failure('SOURCE_TIMEOUT', 'late')));
    pass(10_000);
    tell(retry('stock'), dead('stock', gone), dead('orders', gone));
    expect(shown().map((line) => line.slice(22, 60))).toEqual([
      'Retrying: orders, SOURCE_UNREACHABLE: ',
      'Retrying: api_leads, SOURCE_UNREACHABL',
      'Retrying: items, SOURCE_TIMEOUT: late',
      'Retrying: stock, SOURCE_UNREACHABLE: c',
      'Failed: stock, SOURCE_UNREACHABLE: con',
      'Failed: orders, SOURCE_UNREACHABLE: co',
    ]);
  });

  test('a running entity says every ten seconds how it goes, and a finished one says no more', () => {
    const { tell, pass, progress, shown } = runOn(undefined);
    tell(planned('orders'), planned('stock'), claimed('orders', 1_000_000));
    for (let second = 0; second < 25; second += 1) {
      tell(staged('orders', 10_000));
      pass(1000);
    }
    tell(committed('orders', 250_000), written('orders', 250_000), completed('orders', 250_000));
    pass(60_000);
    progress.stop();
    pass(60_000);
    expect(shown()).toEqual([
      '[2024-01-15 10:30:00] Starting: Processing orders (full)',
      '[2024-01-15 10:30:11] Reading: orders, 110,000 of about 1M rows (11 %), 10,000 rows/s, 11 s so far, about 3 min 9 s left',
      '[2024-01-15 10:30:21] Reading: orders, 210,000 of about 1M rows (21 %), 10,000 rows/s, 21 s so far, about 2 min 59 s left',
      '[2024-01-15 10:30:25] Completed: orders, 250,000 rows in 1 part',
      '[2024-01-15 10:30:36] Waiting: 1 entity, 36 s so far',
      '[2024-01-15 10:30:46] Waiting: 1 entity, 46 s so far',
      '[2024-01-15 10:30:56] Waiting: 1 entity, 56 s so far',
      '[2024-01-15 10:31:06] Waiting: 1 entity, 66 s so far',
      '[2024-01-15 10:31:16] Waiting: 1 entity, 76 s so far',
    ]);
  });

  test('a source that can’t be reached says so every ten seconds, instead of its entities', () => {
    const { tell, pass, shown } = runOn(undefined);
    tell(claimed('orders'), unreachable('orders'));
    pass(21_000);
    tell({ kind: 'source_reached', entity: 'orders', source: 'shop', waited_seconds: 21 });
    expect(shown()).toEqual([
      '[2024-01-15 10:30:00] Starting: Processing orders (full)',
      '[2024-01-15 10:30:00] Waiting: shop, at most 60 s more: connecting to shop: connect ECONNREFUSED 127.0.0.1:5432',
      '[2024-01-15 10:30:11] Waiting: shop, 11 s so far: connecting to shop: connect ECONNREFUSED 127.0.0.1:5432',
      '[2024-01-15 10:30:21] Waiting: shop, 21 s so far: connecting to shop: connect ECONNREFUSED 127.0.0.1:5432',
      '[2024-01-15 10:30:21] Connected: shop, after 21 s',
    ]);
  });

  test.each([
    ['that is dumb', TERMINAL, 'dumb'],
    ['that does not know its size', { columns: 0, rows: 0 }, 'xterm'],
  ])('lines are said on a terminal %s too, because nothing can be drawn again', (_, size, term) => {
    vi.stubEnv('TERM', term);
    const { tell, shown } = runOn(size);
    vi.unstubAllEnvs();
    tell(claimed('orders'));
    expect(shown()).toEqual(['[2024-01-15 10:30:00] Starting: Processing orders (full)']);
  });
});
