import { expect, test } from 'vitest';
import { capturing } from './fake-terminal.fixtures.ts';
import { print, printJson, printTable, say } from './output.ts';

test('control characters in what a source or a row says are not obeyed by a terminal, and JSON stays the same', async () => {
  const value = { message: 'a\u001b[2J\u009b1m\u007f é\n' };
  const { stdout, stderr } = await capturing({ columns: 80, rows: 24 }, () => {
    print('rows:\n\u001b[2J');
    printTable(['entity'], [['\u009b2J']]);
    printJson(value);
    say('b failed:\n\u001b[2J');
  });
  expect(stdout + stderr).not.toMatch(/[^\n\u0020-\u007e\u00a0-\uffff]/);
  expect(stdout.startsWith('rows:\n\\x1b[2J\n')).toBe(true);
  expect(JSON.parse(stdout.slice(stdout.indexOf('{')))).toEqual(value);
  expect(stderr).toBe('b failed:\n\\x1b[2J\n');
});
