/** Checkpoints in DynamoDB: the same worlds and laws, with conditional puts of items in place of `checkpoints.json`. */
import { expectationOf } from '@bronze/common/load/checkpoint-items';
import type { Expected, Item } from '@bronze/common/ports/item-table';
import { MemoryItemTable } from '@bronze/emulators/memory-item-table';
import { expect, test } from 'vitest';
import { Random } from '../random.ts';
import { simulateSeed } from './simulate-seed.ts';
import { failing } from './world/faulty-ports.ts';

const SEEDS = Array.from({ length: 30 }, (_, index) => 1 + index);
/** In one world, so that it comes to rest. The world’s own faults come on top. */
const FAULTS_MAX = 8;

const FATES = ['throttled', 'repeated by the SDK', 'applied, and its answer lost'] as const;
type Fate = (typeof FATES)[number];

/** Fails as DynamoDB and its SDK do. */
class FlakyTable extends MemoryItemTable {
  readonly fates: Fate[] = [];
  readonly #random: Random;

  constructor(seed: number) {
    super();
    this.#random = new Random(seed * 7 + 3);
  }

  override async put(item: Item, expected: Expected | undefined): Promise<boolean> {
    if (this.fates.length === FAULTS_MAX || this.#random.chance(0.6)) return super.put(item, expected);
    const fate = this.#random.pick(FATES);
    this.fates.push(fate);
    if (fate === 'throttled') throw failing('STORE_UNREACHABLE')();
    await super.put(item, expected);
    if (fate === 'repeated by the SDK') return super.put(item, expected);
    throw failing('STORE_UNREACHABLE')();
  }
}

/** Puts whatever it is given, as if conditions did not exist. */
class UnconditionalTable extends MemoryItemTable {
  override async put(item: Item): Promise<boolean> {
    const stored = await this.get(item.entity);
    return super.put(item, stored && expectationOf(stored));
  }
}

test('all laws hold in 30 worlds, with puts that are throttled or repeated, and answers that are lost', async () => {
  const fates: Fate[] = [];
  for (const seed of SEEDS) {
    const table = new FlakyTable(seed);
    const { violation, lines } = await simulateSeed(seed, Infinity, table);
    expect({ seed, violation }).toEqual({ seed, violation: undefined });
    expect(lines.join('\n')).not.toContain('checkpoints.json');
    fates.push(...table.fates);
  }
  for (const fate of FATES) expect(fates.filter((one) => one === fate).length, fate).toBeGreaterThan(10);
});

test('a table that ignores conditions breaks a law, so these worlds would show it', async () => {
  let law: string | undefined;
  for (const seed of SEEDS) {
    law = (await simulateSeed(seed, Infinity, new UnconditionalTable())).violation?.law;
    if (law !== undefined) break;
  }
  expect(law).toBeDefined();
  expect(law).not.toBe('the simulation itself');
});

test('the same seed gives the same event log', async () => {
  const [first, again] = [await simulateSeed(7, 9, new FlakyTable(7)), await simulateSeed(7, 9, new FlakyTable(7))];
  expect(first.lines).toEqual(again.lines);
});
