import { join } from 'node:path';
import { FolderObjectReader } from '@bronze/common/adapters/local/folder-object-reader';
import { FolderObjectStore } from '@bronze/common/adapters/local/folder-object-store';
import { type FailureRecord, failureRecords } from '@bronze/common/delivery/failure-record';
import type { Checkpoint } from '@bronze/common/load/checkpoint';
import { CheckpointFile, readCheckpoints } from '@bronze/common/load/checkpoint-file';
import { timestamp } from '@bronze/common/words/timestamp';
import { dropDeadLetters, replayDeadLetters } from '@bronze/runner/dead-letters';
import { type FolderState, readFolderState } from '@bronze/runner/folder-state';
import type { Activity, DeadLetter, Target, WritableTarget } from './target.ts';

const MOVING_MS = 60_000;

/** A folder of `bronze run`. */
export class FolderTarget implements Target {
  readonly kind = 'folder';
  readonly name: string;
  readonly given: { readonly out: string };
  readonly objects: FolderObjectReader;
  #store: FolderObjectStore | undefined;
  #state: FolderState | undefined;

  constructor(out: string) {
    this.name = out;
    this.given = { out };
    this.objects = new FolderObjectReader(out);
  }

  placeOf(key: string): string {
    return join(this.name, key);
  }

  async readCheckpoints(): Promise<ReadonlyMap<string, Checkpoint | undefined>> {
    return readCheckpoints(this.objects);
  }

  async open(): Promise<WritableTarget> {
    this.#store ??= await FolderObjectStore.open(this.name);
    const objects = this.#store;
    return { objects, checkpoints: new CheckpointFile(objects), requests: { send: async () => undefined } };
  }

  async deadLetters(): Promise<readonly DeadLetter[]> {
    return this.#read().dead_letters.map((letter) => ({ ...letter, record_key: undefined }));
  }

  async replayDeadLetters(letters: readonly DeadLetter[]): Promise<readonly string[]> {
    return replayDeadLetters(this.name, idsOf(letters));
  }

  async dropDeadLetters(letters: readonly DeadLetter[]): Promise<readonly string[]> {
    return dropDeadLetters(this.name, idsOf(letters));
  }

  /** It was written right before the message was moved, perhaps on the other side of midnight. */
  async failureRecordOf({ message_id, failed_at_ms }: DeadLetter): Promise<FailureRecord | undefined> {
    if (failed_at_ms === undefined) return undefined;
    const [since, until] = [failed_at_ms - MOVING_MS, failed_at_ms].map((ms) => timestamp(new Date(ms).toISOString()));
    const records = since && until ? await failureRecords(this.objects, { since, until }) : [];
    return records.find((record) => record.message_id === message_id);
  }

  async activity(): Promise<Activity> {
    return { kind: 'by_entity', running: this.#read().running };
  }

  close(): void {
    this.#store?.close();
  }

  #read(): FolderState {
    this.#state ??= readFolderState(this.name);
    return this.#state;
  }
}

function idsOf(letters: readonly DeadLetter[]): string[] {
  return letters.map(({ message_id }) => message_id);
}
