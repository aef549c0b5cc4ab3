/** Checkpoints in DynamoDB: the same worlds and laws, with conditional puts of items in place of `checkpoints.json`. */
import { expectationOf } from '@bronze/common/load/checkpoint-items';
import type { Item } from '@bronze/common/ports/item-table';
import { MemoryItemTable } from '@bronze/emulators/memory-item-table';
import { expect, test } from 'vitest';
import { simulateSeed } from './simulate-seed.ts';

/** Among them, each kind of fault meets a put, and a person edits an item. */
const SEEDS = Array.from({ length: 35 }, (_, index) => 57 + index);

/** Puts whatever it is given, as if conditions did not exist. */
class UnconditionalTable extends MemoryItemTable {
  override async put(item: Item): Promise<boolean> {
    const stored = await this.get(item.entity);
    return super.put(item, stored && expectationOf(stored));
  }
}

test('all laws hold in 35 worlds, with throttled calls, lost answers and repeated puts', async () => {
  const fates = new Set<string>();
  let edited = 0;
  for (const seed of SEEDS) {
    const { violation, lines, counts } = await simulateSeed(seed, Infinity, new MemoryItemTable());
    expect({ seed, violation }).toEqual({ seed, violation: undefined });
    expect(lines.join('\n')).not.toContain('checkpoints.json');
    edited += counts.checkpoints_edited;
    for (const line of lines) fates.add(/table\.put \w+: ([a-z, ]+)/.exec(line)?.[1] ?? '');
  }
  for (const fate of ['false', 'error before', 'error after, true', 'retried, true', 'late effect']) {
    expect([...fates]).toContain(fate);
  }
  expect(edited).toBeGreaterThan(0);
});

test('a table that ignores conditions breaks a law, so these worlds would show it', async () => {
  const worlds = SEEDS.map((seed) => () => simulateSeed(seed, Infinity, new UnconditionalTable()));
  let law: string | undefined;
  for (const world of worlds) {
    law = (await world()).violation?.law;
    if (law !== undefined) break;
  }
  expect(law).toMatch(/^L\d /);
});

test('the same seed gives the same event log', async () => {
  const [first, again] = [
    await simulateSeed(7, 9, new MemoryItemTable()),
    await simulateSeed(7, 9, new MemoryItemTable()),
  ];
  expect(first.lines).toEqual(again.lines);
});
