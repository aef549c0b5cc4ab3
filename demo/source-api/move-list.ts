import type { MovingList } from './api-record.ts';
import type { Faults } from './faults.ts';

let moves = 0;

/** Makes one change, now, near the front of the list, so that everything behind it moves. */
export function moveList(list: MovingList, how: NonNullable<Faults['moves']>): void {
  moves += 1;
  const index = (moves * 7) % Math.max(1, Math.min(50, list.length));
  if (how === 'update') list.touch(index, timeNow());
  if (how === 'delete') list.delete(index);
  if (how === 'insert') add(list);
}

function add(list: MovingList): void {
  const [model] = list.slice(0, 1);
  if (!model) return;
  const id = `new_${moves}`;
  const updated_at = timeNow();
  const json = model.json
    .replace(/"id":"[^"]*"/, `"id":"${id}"`)
    .replace(/"updated_at":"[^"]*"/, `"updated_at":"${updated_at}"`);
  list.add({ id, updated_at, json });
}

/** The time in milliseconds, with a counter as microseconds, so that two changes don't share a timestamp. */
function timeNow(): string {
  return `${new Date().toISOString().slice(0, 23)}${String(moves % 1000).padStart(3, '0')}Z`;
}
