import type { FailureRecord } from '@bronze/common/delivery/failure-record';
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
  /** Sends these dead letters back to their queues. @returns the ids of those that were still there */
  replayDeadLetters(letters: readonly DeadLetter[]): Promise<readonly string[]>;
  /** Deletes these dead letters. @returns the ids of those that were still there */
  dropDeadLetters(letters: readonly DeadLetter[]): Promise<readonly string[]>;
  /** The failure record of a dead letter; undefined if there is none. */
  failureRecordOf(letter: DeadLetter): Promise<FailureRecord | undefined>;
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
  /** When the message was sent to the queue in which it is, or was moved from. Undefined: not known. */
  readonly sent_at_ms: number | undefined;
  /** How often it was received: in a folder from its queue, on AWS from the dead-letter queue if a function sent it there. */
  readonly receive_count: number;
  /** On AWS: its failure record's key. */
  readonly record_key: string | undefined;
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
