import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { rowsInBronze } from '../bronze-folder.ts';
import { bronze } from '../command.ts';
import { execute, newDatabase, newFolder } from '../database.ts';

const CONFIG = 'test/acceptance/three.config.ts';
const REASON = 'due is not exactly a timestamptz (2)';

/** Every file and folder of a run's folder, and when it changed. */
async function treeOf(out: string): Promise<string[]> {
  const paths = await readdir(out, { recursive: true });
  const tree = await Promise.all(paths.map(async (path) => `${path} ${(await stat(join(out, path))).mtimeMs}`));
  return tree.toSorted();
}

test('rows in quarantine are counted apart, and shown until a full load has brought them', async () => {
  const url = await newDatabase(
    `CREATE TABLE one (id integer PRIMARY KEY, due timestamptz, updated_at timestamptz DEFAULT now());
     INSERT INTO one SELECT n, CASE WHEN n > 8 THEN 'infinity' ELSE now() END FROM generate_series(1, 10) AS n`,
  );
  const out = await newFolder();
  const run = () => bronze(['run', 'one', '--config', CONFIG, '--out', out, '-o', 'json'], { DATABASE_URL: url });
  const status = (...more: string[]) => bronze(['status', '--config', CONFIG, '--out', out, ...more]);

  const first = await run();
  expect(first.code, first.stderr).toBe(4);
  const [entity] = (JSON.parse(first.stdout) as { entities: object[] }).entities;
  expect(entity).toMatchObject({ status: 'completed', rows: 8, rows_quarantined: 2, quarantine: [{ rows: 2 }] });
  expect(first.stderr).toContain(
    `one: 2 rows in quarantine, not loaded when they came: ${REASON}\n  They are in ${out}/data/quarantine/one/`,
  );
  expect(await rowsInBronze(out, 'one')).toHaveLength(8);

  const before = await treeOf(out);
  const missing = await status();
  expect([missing.code, await treeOf(out)]).toEqual([4, before]);
  expect(missing.stdout).toMatch(/│ one +│ idle +│ +\d+ (?:s|min) ago │ +8 │ +\d+ (?:s|min) │(?:.*│)? +2 │/);
  expect(missing.stdout).toMatch(/│ two +│ never loaded +│/);
  expect(missing.stdout).toMatch(/│ resting +│ disabled +│/);
  expect(missing.stderr).toContain(REASON);

  // Nothing else brings the rows: an incremental load does not see that they were corrected.
  await execute(url, `UPDATE one SET due = now() WHERE id > 8`);
  expect((await bronze(['quarantine', 'release', 'one', '--out', out])).code).toBe(0);
  const second = await run();
  expect(second.code, second.stderr).toBe(0);
  expect(await rowsInBronze(out, 'one')).toHaveLength(18);
  const settled = await status('one');
  expect([settled.code, settled.stderr]).toEqual([0, '']);
});
