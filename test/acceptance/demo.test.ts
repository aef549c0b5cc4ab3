import { readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ended, start } from '../command.ts';

/** entity, status, load, rows, quarantined, parts: what doesn't depend on the machine or the day. */
function tableRows(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('│') && !line.includes('│ entity'))
    .map((line) =>
      line
        .split('│')
        .slice(1, 7)
        .map((cell) => cell.trim()),
    );
}

test('npm start prints what the README shows', { timeout: 180_000 }, async () => {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
  const out = await mkdtemp(join(tmpdir(), 'bronze-demo-'));
  const path = `${join(import.meta.dirname, '../../node_modules/.bin')}:${process.env['PATH']}`;
  const { code, stdout, stderr } = await ended(start(process.execPath, ['demo/src/main.ts', out], { PATH: path }));
  expect(code, stderr).toBe(0);
  expect(tableRows(readme)).toHaveLength(12);
  expect(tableRows(stdout)).toEqual(tableRows(readme));
});
