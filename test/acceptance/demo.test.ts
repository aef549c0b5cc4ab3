import { readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DemoShop } from '@bronze/demo/source-api/demo-shop';
import { rowsInBronze } from '../bronze-folder.ts';
import { ended, start } from '../command.ts';

/** The columns that depend on neither the machine nor the day: entity, status, load, rows, quarantined, parts. */
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
  // The README shows some of the entities.
  const shown = tableRows(readme);
  const printed = tableRows(stdout);
  expect(printed).toHaveLength(18);
  expect(shown).toHaveLength(6);
  const names = new Set(shown.map(([entity]) => entity));
  expect(printed.filter(([entity]) => names.has(entity ?? ''))).toEqual(shown);

  const before = new DemoShop(async () => undefined).lists;
  const after = new DemoShop(async () => undefined, ['2026-11-22T00:00:00.000000Z']).lists;
  for (const name of ['payments', 'shipments'] as const) {
    const rows = await rowsInBronze(out, name);
    const changed = after[name].since('2026-11-22T00:00:00.000000Z');
    expect(rows).toHaveLength(before[name].length + changed.length);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(after[name].length);
    expect(new Set(rows.map(({ _source_system }) => _source_system))).toEqual(new Set(['api']));
  }
  // The API and the database describe the same orders.
  const totals = new Map((await rowsInBronze(out, 'orders')).map(({ id, total }) => [id, total]));
  for (const { order_id, amount } of await rowsInBronze(out, 'payments')) {
    if (totals.get(order_id ?? '') !== amount) throw new Error(`order ${order_id}: ${amount}`);
  }
});
