import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { batchKey } from '@bronze/common/load/object-keys';
import { expect, test } from 'vitest';
import { RestWorld } from './rest-world.ts';

const UNDECIDED = '7b0c1d2e-1111-8222-8333-444455556666';

test('a run removes the batches of every decided load of its entities, however old, and of no other', async () => {
  await using world = await RestWorld.open({ records: 40 });
  const loads = [(await world.load()).load_id, (await world.load()).load_id, UNDECIDED];
  const keys = loads.map((load_id) => batchKey({ entity: 'things', load_id }, 0, 'killed', 0));
  for (const key of keys) {
    await mkdir(dirname(join(world.out, key)), { recursive: true });
    await writeFile(join(world.out, key), 'rows');
  }
  await world.load();
  const names = await readdir(join(world.out, 'data/staging'), { recursive: true });
  const left = names.filter((name) => name.endsWith('.zst')).map((name) => `data/staging/${name}`);
  expect(left).toEqual([keys[2]]);
  // Manifests and receipts of the first load are still there (decision 9).
  expect(names.filter((name) => name.includes(`${loads[0]}/`) && name.endsWith('.json')).length).toBeGreaterThan(1);
});
