import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

test('a process that used the server exits with its own exit code', { timeout: 60_000 }, () => {
  const script = `
    import { execute, startEmbeddedPostgres } from '${join(import.meta.dirname, 'embedded-postgres.ts')}';
    const server = await startEmbeddedPostgres();
    await execute(await server.createDatabase('shop'), 'SELECT 1');
    await server.stop();
    process.exitCode = 7;`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([7, '']);
});
