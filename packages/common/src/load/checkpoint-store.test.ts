import { MemoryItemTable } from '@bronze/emulators/memory-item-table';
import { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import { describe } from 'vitest';
import { CheckpointFile } from './checkpoint-file.ts';
import { CheckpointItems } from './checkpoint-items.ts';
import { editFile, testCheckpointStore } from './checkpoint-store.fixtures.ts';
import { itemsIn } from './checkpoint-items.fixtures.ts';
import { PlacedCheckpoints } from './placed-checkpoints.ts';

describe('CheckpointFile', () => {
  testCheckpointStore(async () => {
    const objects = new MemoryObjectStore();
    return {
      open: () => new CheckpointFile(objects),
      writeByHand: (entity, fields) => editFile(objects, { [entity]: fields }),
    };
  });
});

describe('CheckpointItems', () => {
  testCheckpointStore(async () => itemsIn(new MemoryItemTable()));
});

describe('PlacedCheckpoints of a new pipeline with a table', () => {
  testCheckpointStore(async () => {
    const objects = new MemoryObjectStore();
    const { table, ids, writeByHand } = itemsIn(new MemoryItemTable());
    const openTable = () => new CheckpointItems(table, ids);
    return { open: () => new PlacedCheckpoints(objects, { openTable, new_table: table.name }), writeByHand };
  });
});
