import { RunLock } from '@bronze/common/adapters/local/run-lock';
import { entityIn } from '@bronze/common/load/messages';
import { runsFolder, withQueues } from './folder-state.ts';

/** How many were dropped. */
export interface Dropped {
  /** Of runs that have ended. Messages of runs that live stay. */
  readonly messages: number;
  readonly dead_letters: number;
}

/** Deletes what ended runs have left of an entity in the queues of a run's folder, and its dead letters. */
export function dropLeft(out_dir: string, entity: string): Dropped {
  const isOf = ({ body }: { readonly body: string }) => entityIn(body) === entity;
  const dropped = { messages: 0, dead_letters: 0 };
  withQueues(out_dir, (queues) => {
    const lock = RunLock.take(runsFolder(out_dir));
    for (const queue of queues) {
      const left = queue.left((owner) => lock.isOver(owner)).filter(isOf);
      for (const one of left) queue.drop(one);
      dropped.messages += left.length;
      dropped.dead_letters += queue.deadLetters().filter(isOf).length;
      queue.forgetDeadLetters((body) => isOf({ body }));
    }
    lock.release();
  });
  return dropped;
}

/** The entities that messages and dead letters in a run's folder are about. */
export function entitiesInQueues(out_dir: string): string[] {
  const bodies = withQueues(out_dir, (queues) =>
    queues.flatMap((queue) => [...queue.bodies(), ...queue.deadLetters().map(({ body }) => body)]),
  );
  return [...new Set((bodies ?? []).map(entityIn))];
}
