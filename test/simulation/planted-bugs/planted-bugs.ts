import { COMMIT_BUGS } from './commit-bugs.ts';
import { DATA_BUGS } from './data-bugs.ts';
import { ENQUEUE_BUGS } from './enqueue-bugs.ts';
import { CONNECTION_BUGS } from './connection-bugs.ts';
import { LOST_BUGS } from './lost-bugs.ts';
import type { PlantedBug } from './planted-bug.ts';
import { STORAGE_BUGS } from './storage-bugs.ts';
import { WINDOW_BUGS } from './window-bugs.ts';

export const PLANTED_BUGS: readonly PlantedBug[] = [
  ...COMMIT_BUGS,
  ...ENQUEUE_BUGS,
  ...DATA_BUGS,
  ...WINDOW_BUGS,
  ...CONNECTION_BUGS,
  ...STORAGE_BUGS,
  ...LOST_BUGS,
];
