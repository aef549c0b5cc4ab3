import { join } from 'node:path';
import { FolderObjectReader } from '@bronze/common/adapters/local/folder-object-reader';
import { FolderObjectStore } from '@bronze/common/adapters/local/folder-object-store';
import type { Checkpoint } from '@bronze/common/load/checkpoint';
import { CheckpointFile, readCheckpoints } from '@bronze/common/load/checkpoint-file';
import { type FolderState, readFolderState } from '@bronze/runner/folder-state';
import type { Activity, DeadLetter, Target, WritableTarget } from './target.ts';

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
    return this.#read().dead_letters;
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
