import type { PendingLoad } from '@bronze/common/load/checkpoint';
import { BronzeError } from '@bronze/common/words/failure';
import type { Deadline } from '@bronze/common/ports/clock';
import type { RawBatch } from '@bronze/common/load/source';
import type { EndpointEntity } from '@bronze/common/config/rest';
import type { Position } from '@bronze/common/load/position';
import { fieldsOf, type Fields, type FieldTypes } from './records/field-types.ts';
import type { LoadWindow } from './records/load-window.ts';
import type { PageStep, Walk } from './pages/page-step.ts';
import { walkPages } from './pages/page-walk.ts';
import { orderOf, type PageToken } from './pages/paging.ts';
import { recordLine } from './records/record-line.ts';
import { SeenRecords } from './pages/seen-records.ts';

/** So many records are looked at before the types of a first load are settled. */
const RECORDS_TO_INFER = 10_000;

export interface RestSlice {
  readonly entity: EndpointEntity;
  readonly window: LoadWindow;
  readonly types: FieldTypes;
  readonly deadline: Deadline;
  readonly walk: Walk;
}

/** Where a slice begins: a position without values is the end of the list. @throws BronzeError KEY_CHANGED when it can't go on as it was begun */
export function startOf(entity: EndpointEntity, load: PendingLoad, window: LoadWindow, position: Position | undefined) {
  const order = orderOf(entity, window.since);
  if (position && position.order !== order) {
    throw new BronzeError('KEY_CHANGED', {
      message: `load ${load.load_id} of ${entity.name} was read as "${position.order}", which is now "${order}"`,
      hint: 'It can’t go on without losing or doubling records. Abandon the load and run the entity again.',
    });
  }
  const [token, ...carried] = position?.values ?? [''];
  return { token, seen: new SeenRecords(entity, carried) };
}

/** Records as batches of staged lines. Batches end with pages, where reading can go on. */
export async function* restBatches(slice: RestSlice): AsyncGenerator<RawBatch> {
  const { entity, types, deadline } = slice;
  const exclude = new Set(entity.exclude);
  const batch = new BatchBuilder(slice);
  let unread: Fields[] = [];
  let unread_characters = 0;
  const settle = () => {
    types.learn(unread);
    batch.add(unread.map((fields) => recordLine(fields, types)));
    unread = [];
    unread_characters = 0;
  };
  for await (const step of unlessThrottled(slice, batch)) {
    if (step === 'throttled') {
      settle();
      yield batch.takeLast();
      continue;
    }
    for (const record of taken(slice.window, step)) unread.push(fieldsOf(record, exclude));
    unread_characters += step.characters;
    batch.endPage(step.next);
    const isEnough =
      unread.length >= Math.min(RECORDS_TO_INFER, entity.batch_rows) || unread_characters >= entity.batch_bytes;
    if (types.isNew && batch.isFirst && !isEnough && !deadline.isNear()) continue;
    settle();
    if (batch.isFull || deadline.isNear()) yield batch.take();
  }
  settle();
  if (!batch.isEmpty) yield batch.take();
}

function taken(window: LoadWindow, step: PageStep) {
  window.countRepeated(step.repeated);
  return step.records.filter((record) => window.takes(record));
}

/**
 * The steps. When the API wants a pause that is too long and this slice has come further than where it began, that is
 * told first, so that the slice can end; if it does not, the failure stands.
 */
async function* unlessThrottled({ walk }: RestSlice, batch: BatchBuilder): AsyncGenerator<PageStep | 'throttled'> {
  try {
    yield* walkPages(walk);
  } catch (thrown) {
    const isThrottled = thrown instanceof BronzeError && thrown.code === 'SOURCE_THROTTLED';
    if (isThrottled && batch.hasMoved) yield 'throttled';
    throw thrown;
  }
}

class BatchBuilder {
  readonly #slice: RestSlice;
  /** A page's lines in each: as strings they would outlive the page by far. */
  #chunks: Buffer[] = [];
  #rows = 0;
  #bytes = 0;
  #longest = 0;
  /** Undefined: no page yet; null: the list is at its end. */
  #next: PageToken | null | undefined;
  #isFirst = true;

  constructor(slice: RestSlice) {
    this.#slice = slice;
  }

  get isFirst(): boolean {
    return this.#isFirst;
  }

  get isEmpty(): boolean {
    return this.#rows === 0;
  }

  /** Whether reading could go on further than where the slice began. */
  get hasMoved(): boolean {
    return this.#next !== undefined;
  }

  get isFull(): boolean {
    const { batch_rows, batch_bytes } = this.#slice.entity;
    return this.#rows >= batch_rows || this.#bytes >= batch_bytes;
  }

  add(lines: readonly string[]): void {
    const chunk = Buffer.from(lines.map((line) => `${line}\n`).join(''));
    this.#chunks.push(chunk);
    this.#rows += lines.length;
    this.#bytes += chunk.length;
    this.#longest = lines.reduce((longest, line) => Math.max(longest, Buffer.byteLength(line) + 1), this.#longest);
  }

  endPage(next: PageToken | undefined): void {
    this.#next = next ?? null;
  }

  take(): RawBatch {
    return this.#take(false);
  }

  /** The last batch of its slice, though the list goes on: the rest is asked for later. */
  takeLast(): RawBatch {
    return this.#take(true);
  }

  #take(ends_slice: boolean): RawBatch {
    const batch = {
      ndjson: Buffer.concat(this.#chunks),
      rows: this.#rows,
      row_bytes_max: this.#longest,
      position: this.#position(),
      ends_slice,
    };
    this.#chunks = [];
    this.#rows = 0;
    this.#bytes = 0;
    this.#longest = 0;
    this.#isFirst = false;
    return { ...batch, release: () => undefined };
  }

  #position(): Position {
    const { entity, window, walk } = this.#slice;
    const values = typeof this.#next === 'string' ? [this.#next, ...walk.seen.carried()] : [];
    return { order: orderOf(entity, window.since), values };
  }
}
