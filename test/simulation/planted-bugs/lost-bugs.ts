import type { PlantedBug } from './planted-bug.ts';

const CLAIM = 'services/extractor/src/claim-load.ts';
const RESTORE = 'packages/common/src/load/restore-checkpoint.ts';

/** Mistakes about checkpoints that somebody has removed. */
export const LOST_BUGS: readonly PlantedBug[] = [
  {
    name: 'a lost checkpoint counts as that of an entity that was never loaded',
    edits: [
      { file: CLAIM, find: '  if (!checkpoint && !record) await assertNeverLoaded(ports, entity.name);\n', put: '' },
    ],
  },
  {
    name: 'a checkpoint is restored from the oldest load record',
    edits: [{ file: RESTORE, find: '  const [moved] = completed;', put: '  const moved = completed.at(-1);' }],
  },
];
