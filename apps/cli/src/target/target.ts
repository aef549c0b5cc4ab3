import type { Checkpoint } from '@bronze/common/load/checkpoint';
import type { CheckpointStore } from '@bronze/common/load/checkpoint-store';
import type { ExtractRequest } from '@bronze/common/load/messages';
import type { ObjectReader, ObjectStore } from '@bronze/common/ports/object-store';
import type { TaskQueue } from '@bronze/common/ports/queue';
import type { Failure } from '@bronze/common/words/failure';
import type { TargetOptions } from './target-options.ts';

/** The queues of a pipeline, and the names of their dead-letter queues. */
export const QUEUES = ['extract', 'write'] as const;
export type QueueName = (typeof QUEUES)[number];

/** Where a pipeline keeps its objects, checkpoints and messages: a folder of `bronze run`, or AWS. */
export interface Target {
  readonly kind: 'folder' | 'aws';
  /** For people: `bronze-data`, `s3://shop-bronze`. */
  readonly name: string;
  /** Options that choose this target again, for a command that is proposed. */
  readonly given: TargetOptions;
  /** The objects, for reading. Nothing is created or changed, so a folder may be read-only. */
  readonly objects: ObjectReader;
  /** Where people find the object: `bronze-data/data/…`, `s3://shop-bronze/data/…`. */
  placeOf(key: string): string;
  /** All checkpoints; undefined for one that can't be read. */
  readCheckpoints(): Promise<ReadonlyMap<string, Checkpoint | undefined>>;
  /** The same place, for a command that changes something. */
  open(): Promise<WritableTarget>;
  /** All dead letters, the newest failure first. */
  deadLetters(): Promise<readonly DeadLetter[]>;
  activity(): Promise<Activity>;
  close(): void;
}

export interface WritableTarget {
  readonly objects: ObjectStore;
  readonly checkpoints: CheckpointStore;
  /**
   * In a folder, nothing consumes messages between runs, so none is sent: the next `bronze run` reads the requests that
   * wait from the checkpoint.
   */
  readonly requests: TaskQueue<ExtractRequest>;
}

/** A message that failed for good. */
export interface DeadLetter {
  readonly message_id: string;
  /** The queue that delivered it. */
  readonly queue: QueueName;
  /** `(unknown)` if its body names none. */
  readonly entity: string;
  readonly body: string;
  /** Undefined: nothing recorded why. */
  readonly failure: Failure | undefined;
  /** When it failed for good, or on AWS without a record when it was sent. Undefined: by earlier code. */
  readonly failed_at_ms: number | undefined;
}

export type Activity =
  /** Entities of which a run that lives has a message. */
  | { readonly kind: 'by_entity'; readonly running: ReadonlySet<string> }
  /** SQS counts messages, about, and does not say whose they are. */
  | { readonly kind: 'counted'; readonly queues: readonly QueueDepth[] };

export interface QueueDepth {
  readonly queue: QueueName;
  /** Not delivered, or to be delivered again. */
  readonly waiting: number;
  /** With a function, or hidden until their next delivery. */
  readonly in_flight: number;
  /** To be delivered later. */
  readonly delayed: number;
}
