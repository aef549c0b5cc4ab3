import { readFileSync } from 'node:fs';
import { windowFallbackSchema } from '@bronze/common/words/exact-position';
import { describe, expect, test } from 'vitest';
import { check } from './check.ts';
import { History, type LoadSeen } from './history.ts';

/** Records a transaction that commits one version. */
function commit(history: History, version: number, kind: { is_null?: boolean; is_true?: boolean } = {}): void {
  const written = history.begin();
  written.wrote = history.tick();
  written.versions = [{ version, is_null: kind.is_null ?? false, is_true: kind.is_true ?? true }];
  history.end(written, 'committed');
}

function load(history: History, seen: Partial<LoadSeen>): void {
  history.loads.push({
    load_type: history.loads.length === 0 ? 'full' : 'incremental',
    is_abandoned: false,
    began: history.tick(),
    claimed: history.tick(),
    brought: [],
    before: new Set(),
    after: new Set(),
    without_cursor: 0,
    synced: '',
    window_basis: undefined,
    window_fallback: undefined,
    ...seen,
  });
}

const EARLY = '2024-01-15T10:00:00.000000Z';
const LATE = '2024-01-15T11:00:00.000000Z';

function standing(history: History, ...versions: number[]): void {
  history.standing = versions.map((version) => ({ version, cursor: EARLY }));
}

describe('the oracle', () => {
  test('the oracle finds nothing lost or duplicated if loads bring each version once', () => {
    const history = new History();
    commit(history, 1);
    load(history, { brought: [1], before: new Set([1]), after: new Set([1]), synced: LATE });
    commit(history, 2);
    load(history, { brought: [2], before: new Set([1, 2]), after: new Set([1, 2]), synced: LATE });
    load(history, {});
    standing(history, 1, 2);
    expect(check(history)).toMatchObject({ lost: 0, duplicated: 0, due: 3 });
    expect(check(history).failures).toEqual(['1 versions below last_sync_timestamp were not in bronze: 2']);
  });

  test('the oracle counts as lost a version that is in the table but in no load, or only in an abandoned one', () => {
    const history = new History();
    commit(history, 1);
    commit(history, 2);
    load(history, { brought: [] });
    load(history, { brought: [1], is_abandoned: true });
    load(history, {});
    standing(history, 1, 2);
    expect(check(history)).toMatchObject({ lost: 2, duplicated: 0 });
  });

  test('the oracle counts a version that comes twice as duplicated, unless a later full load brings it again', () => {
    const history = new History();
    commit(history, 1);
    load(history, { brought: [1] });
    load(history, { brought: [1], load_type: 'full' });
    load(history, {});
    standing(history, 1);
    expect(check(history).failures).toEqual([]);
    load(history, { brought: [1] });
    expect(check(history)).toMatchObject({ duplicated: 1 });
  });

  test('the oracle reports versions of transactions that were rolled back', () => {
    const history = new History();
    const written = history.begin();
    written.versions = [{ version: 1, is_null: false, is_true: true }];
    history.end(written, 'rolled_back');
    load(history, { brought: [1] });
    load(history, {});
    expect(check(history).failures).toEqual(['1 versions were brought that were never committed: 1']);
  });

  test('a version is due in the next load, unless a transaction that was open may have an older id', () => {
    const history = new History();
    const older = history.begin();
    older.wrote = history.tick();
    commit(history, 1);
    const seen = { before: new Set([1]), after: new Set([1]) };
    load(history, seen);
    standing(history, 1);
    expect(check(history)).toMatchObject({ due: 0 });
    history.end(older, 'rolled_back');
    load(history, seen);
    expect(check(history).failures).toContain('1 versions were not in the load that they were due in: 1');
    load(history, { ...seen, brought: [1] });
    load(history, {});
    expect(check(history)).toMatchObject({ lost: 0, due: 2 });
  });

  test('a version is due even if an open transaction wrote only after it', () => {
    const history = new History();
    const quiet = history.begin();
    commit(history, 1);
    quiet.wrote = history.tick();
    load(history, { before: new Set([1]), after: new Set([1]) });
    expect(check(history).failures).toContain('1 versions were not in the load that they were due in: 1');
  });

  test('a version of a view is due once its refresh is older than every open transaction, whatever its cursor', () => {
    const history = new History();
    history.isView = true;
    commit(history, 1);
    const open = history.begin();
    open.wrote = history.tick();
    const refresh = history.begin();
    const [wrote, ended] = [history.tick(), history.tick()];
    history.remakes.push(Object.assign(refresh, { wrote, ended, outcome: 'committed' as const }));
    const seen = { before: new Set([1]), after: new Set([1]), synced: LATE };
    load(history, seen);
    standing(history, 1);
    expect(check(history)).toMatchObject({ due: 0, lost: 1 });
    history.end(open, 'committed');
    load(history, seen);
    expect(check(history)).toMatchObject({ due: 1 });
    expect(check(history).failures).toContain('1 versions were not in the load that they were due in: 1');
    load(history, { ...seen, brought: [1] });
    load(history, {});
    expect(check(history)).toMatchObject({ due: 2, lost: 0 });
  });

  test('the oracle reports too few and too many counted rows without a cursor', () => {
    const history = new History();
    commit(history, 1, { is_null: true });
    load(history, {});
    load(history, { without_cursor: 0 });
    history.standing = [{ version: 1, cursor: null }];
    expect(check(history).failures).toEqual(['0 rows without a cursor were counted, expected 1 to 1']);
    load(history, { without_cursor: 1 });
    expect(check(history).failures).toEqual([]);
    load(history, { without_cursor: 1 });
    expect(check(history).failures).toEqual(['2 rows without a cursor were counted, expected 1 to 1']);
  });

  test('the oracle reports rows that come with the last load, which has nothing left to bring', () => {
    const history = new History();
    commit(history, 1);
    load(history, {});
    load(history, { brought: [1] });
    standing(history, 1);
    expect(check(history).failures).toEqual([
      '1 rows came after the load that had to bring everything that was left: 1',
    ]);
  });
});

test('the page on windows says of each reason to fall back where it is tested', () => {
  const page = readFileSync(new URL('../../docs/how-we-know/windows.md', import.meta.url), 'utf8');
  for (const why of windowFallbackSchema.options) {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${why}\` | `)) ?? '';
    const tests = [...row.matchAll(/`([\w.-]+\.test\.ts)`/g)].map(([, file]) => file);
    expect(tests.length, why).toBeGreaterThan(0);
    for (const file of tests) {
      const test = new URL(`../../services/extractor/src/postgres/window/${file}`, import.meta.url);
      expect(readFileSync(test, 'utf8'), `${why} in ${file}`).toContain(`'${why}'`);
    }
  }
});
