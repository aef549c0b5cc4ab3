import { partKey } from '@bronze/common/object-keys';
import type { SliceManifest } from '@bronze/common/slice-manifest';
import type { World } from './world.ts';

/** Something else writes where only Bronze should: into the first committed slice of the poisoned entity. */
export async function tamper({ options, ledger, raw, trace }: World): Promise<void> {
  const { name, poison } = options.workload.entities.find((entity) => entity.poison !== undefined) ?? {};
  const open = [...ledger.loads.values()].find((load) => load.entity === name && !load.record && load.slices[0]);
  const slice = open?.slices[0];
  if (!open || !slice) return;
  const batch = slice.batches[0];
  if (poison === 'batch corrupt' && batch) {
    const stored = await raw.get(batch.key);
    await raw.replace(batch.key, Buffer.from('{"id":"other"}\n'.repeat(batch.rows)), stored?.etag);
  }
  if (poison === 'part foreign') await putForeign(raw, slice);
  trace.add(`tampered: ${poison ?? ''}`);
}

async function putForeign(raw: World['raw'], slice: SliceManifest): Promise<void> {
  for (const day of slice.event_date_column === null ? [null] : ['2024-01-01', '2024-01-02', '2024-01-03']) {
    const key = partKey({ ...slice.load, entity: slice.entity }, day, slice.first_part);
    await raw.putIfAbsent(key, Buffer.from('foreign'));
  }
}
