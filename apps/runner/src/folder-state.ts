import { join } from 'node:path';
import { STATE_FOLDER } from '@bronze/common/adapters/local/folder-object-reader';
import { readQueues } from '@bronze/common/adapters/local/queue-reader';
import { isRunning } from '@bronze/common/adapters/local/run-lock';
import { entityIn } from '@bronze/common/load/messages';
import type { Failure } from '@bronze/common/words/failure';

/** The file of the queues in a run's folder. */
export function queuesFile(out_dir: string): string {
  return join(out_dir, STATE_FOLDER, 'queues.sqlite');
}

/** Where the locks of all runs are in their folder. */
export function runsFolder(out_dir: string): string {
  return join(out_dir, STATE_FOLDER, 'runs');
}

export interface DeadLetter {
  readonly message_id: string;
  /** The queue that delivered it. */
  readonly queue: 'extract' | 'write';
  readonly entity: string;
  readonly body: string;
  readonly failure: Failure;
  /** Undefined: by earlier code. */
  readonly failed_at_ms: number | undefined;
}

/** What the queues of a run's folder say, read without changing anything. */
export interface FolderState {
  /** The newest first. */
  readonly dead_letters: readonly DeadLetter[];
  /** Entities of which a run that lives has a message. */
  readonly running: ReadonlySet<string>;
}

/** The state of a run's folder; empty if it has no queues. @throws BronzeError for what the machine refuses */
export function readFolderState(out_dir: string): FolderState {
  const messages = readQueues(queuesFile(out_dir));
  const owners = new Set(messages.flatMap(({ owner }) => owner ?? []));
  const living = new Set([...owners].filter((owner) => isRunning(runsFolder(out_dir), owner)));
  const dead_letters = messages.flatMap(({ message_id, queue, body, failure, failed_at_ms }) =>
    failure ? [{ message_id, queue: deliveredBy(queue), entity: entityIn(body), body, failure, failed_at_ms }] : [],
  );
  return {
    // Of those without a time, the one that was sent last is first.
    dead_letters: dead_letters.toReversed().toSorted((a, b) => (b.failed_at_ms ?? 0) - (a.failed_at_ms ?? 0)),
    running: new Set(messages.flatMap(({ owner, body }) => (living.has(owner ?? '') ? [entityIn(body)] : []))),
  };
}

/** @param queue a dead-letter queue */
function deliveredBy(queue: string): DeadLetter['queue'] {
  return queue === 'write-dlq' ? 'write' : 'extract';
}
