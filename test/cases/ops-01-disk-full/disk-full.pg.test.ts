import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { ended, start } from '../../command.ts';
import { rowsInBronze } from '../../bronze-folder.ts';
import { newDatabase, newFolder, textRows } from '../../database.ts';

const FOLDER = import.meta.dirname;
const BRONZE = join(FOLDER, '../../../apps/cli/src/bronze.ts');

/** A disk of one's own needs the privilege to mount one. */
const canMount = await promisify(execFile)('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt']).then(
  () => true,
  () => false,
);

/** gilesknap/gphotos-sync#219 (SQLite), paradigmxyz/reth#7054 (a temporary folder of its own), duckdb/duckdb#14501 */
test.for([
  ['--out', '3m'],
  ['the temporary folder', '1m'],
] as const)(
  'a full disk of %s ends the run soon with DISK_FULL; the next one goes on',
  async ([what, size], { skip }) => {
    skip(!canMount, 'no tmpfs can be mounted here: unshare --mount needs CAP_SYS_ADMIN');
    const url = await newDatabase(await readFile(join(FOLDER, 'setup.sql'), 'utf8'));
    const [disk, keep] = [await newFolder(), await newFolder()];
    const out = what === '--out' ? join(disk, 'out') : join(keep, 'out');
    const command = [process.execPath, BRONZE, 'run', '--config', join(FOLDER, 'bronze.config.ts'), '--out', out];
    const environment = { DATABASE_URL: url, ...(what !== '--out' && { TMPDIR: disk }) };
    await ended(
      start('unshare', ['--mount', 'sh', join(FOLDER, 'run-twice.sh'), disk, size, keep, ...command], environment),
    );
    const kept = (name: string) => readFile(join(keep, name), 'utf8');
    expect(await kept('first')).toContain('bronze: DISK_FULL: there is no space left on the disk');
    expect(await kept('first')).not.toMatch(/^ {4}at /m);
    expect(Number(await kept('first-code'))).toBe(3);
    expect(Number(await kept('second-code')), await kept('second')).toBe(0);
    const rows = await rowsInBronze(join(keep, 'out'), 't');
    const values = rows.map(({ id, pad }) => `${id} ${pad}`);
    const expected = (await textRows(url, 'SELECT id, pad FROM t')).map(({ id, pad }) => `${id} ${pad}`);
    expect(values.toSorted()).toEqual(expected.toSorted());
  },
);
