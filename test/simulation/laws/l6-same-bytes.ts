import { partKey } from '@bronze/common/load/object-keys';
import type { Law } from '../world/facts.ts';

/** L6: any number of retries leaves the same objects with the same bytes under `data/bronze/`. */
export const SAME_BYTES: Law = {
  name: 'L6 same bytes',
  onChange(facts, change) {
    if (change.kind === 'repeated') {
      const { key, isSame } = change;
      const load = facts.ledger.loadOfKey(key);
      const isPart = key.startsWith('data/bronze/') || key.startsWith('data/quarantine/');
      if (isPart) facts.count('l6_parts_put_again');
      if (!isPart || isSame || facts.entities.get(load?.entity ?? '')?.poison === 'part foreign') return undefined;
      return `a retry writes other bytes to ${key}`;
    }
    if (change.kind !== 'part') return undefined;
    const { key, load, part } = change;
    const [slice = 0, task = 0] = part.header.provenance['bronze.write_task'].split('-').map(Number);
    const manifest = load.slices[slice];
    if (!manifest) return undefined;
    const { load_id, load_type, ingested_at } = manifest.load;
    const named = { entity: load.entity, load_id, load_type, ingested_at };
    const expected = partKey(named, part.header.event_date, manifest.first_part + task);
    if (key !== expected) return `${key} should be ${expected}: a part's name must follow from its slice`;
    return part.header.ingested_at === ingested_at ? undefined : `${key} is dated ${part.header.ingested_at}`;
  },
};
