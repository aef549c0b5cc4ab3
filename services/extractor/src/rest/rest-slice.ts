import type { PendingLoad } from '@bronze/common/load/checkpoint';
import { BronzeError } from '@bronze/common/words/failure';
import type { Deadline } from '@bronze/common/ports/clock';
import type { RawBatch } from '@bronze/common/load/source';
import type { EndpointEntity } from '@bronze/common/config/rest';
import type { Position } from '@bronze/common/load/position';
import type { FieldPresence } from './records/field-presence.ts';
import { fieldsOf, type Fields, type FieldTypes } from './records/field-types.ts';
import type { LoadWindow } from './records/load-window.ts';
import type { PageCounts } from './pages/page-counts.ts';
import type { CountedStep, PageStep, Walk } from './pages/page-step.ts';
import { walkPages } from './pages/page-walk.ts';
import type { PageTrail } from './pages/page-trail.ts';
import { OutOfTime } from './http/rate-limiter.ts';
import { orderOf, type PageToken } from './pages/paging.ts';
import { recordLine } from './records/record-line.ts';
import { SeenRecords } from './pages/seen-records.ts';

/** The types of a first load are inferred from this many records, unless its first batch is full before. */
const RECORDS_TO_INFER = 10_000;

export interface RestSlice {
  readonly entity: EndpointEntity;
  readonly window: LoadWindow;
  readonly types: FieldTypes;
  readonly presence: FieldPresence;
  readonly deadline: Deadline;
  readonly walk: Walk;
}

/**
 * Where a slice begins. A position without values is the end of the list.
 *
 * @throws BronzeError KEY_CHANGED when endpoint, paging or `since` are not those that the load began with
 */
export function startOf(entity: EndpointEntity, load: PendingLoad, window: LoadWindow, position: Position | undefined) {
  const order = orderOf(entity, window.since);
  if (position && position.order !== order) {
    throw new BronzeError('KEY_CHANGED', {
      message: `load ${load.load_id} of ${entity.name} began as "${position.order}", and would continue as "${order}"`,
      hint: 'It can’t continue without losing or repeating records. Abandon the load and run the entity again.',
    });
  }
  const [token, ...carried] = position?.values ?? [''];
  return { token, trail: position?.trail, counts: position?.counts, seen: new SeenRecords(entity, carried) };
}

/** Reads records as batches of staged lines. A batch ends with a page, where reading can continue. */
export async function* restBatches(slice: RestSlice): AsyncGenerator<RawBatch> {
  const { entity, types, presence, deadline } = slice;
  const exclude = new Set(entity.exclude);
  const batch = new BatchBuilder(slice);
  let unread: Fields[] = [];
  let unread_characters = 0;
  const settle = () => {
    presence.check();
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
    const records = taken(slice.window, step);
    presence.see(records);
    for (const record of records) unread.push(fieldsOf(record, exclude));
    unread_characters += step.characters;
    batch.endPage(step);
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
 * The steps of the walk. When the API must not be asked again in the time that there is, and this slice has moved on from where it
 * began, `throttled` comes first, so that the slice can end there; if it doesn't, the failure is thrown.
 */
async function* unlessThrottled({ walk }: RestSlice, batch: BatchBuilder): AsyncGenerator<CountedStep | 'throttled'> {
  try {
    yield* walkPages(walk);
  } catch (thrown) {
    const isThrottled = thrown instanceof BronzeError && thrown.code === 'SOURCE_THROTTLED';
    if ((isThrottled || thrown instanceof OutOfTime) && batch.hasMoved) yield 'throttled';
    throw thrown;
  }
}

class BatchBuilder {
  readonly #slice: RestSlice;
  /** The lines of one page in each, as bytes: as strings they would stay in memory long after their page. */
  #chunks: Buffer[] = [];
  #rows = 0;
  #bytes = 0;
  #longest = 0;
  /** Undefined: no page was read yet; null: the list has ended. */
  #next: PageToken | null | undefined;
  #trail: PageTrail | undefined;
  #counts: PageCounts | undefined;
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

  /** Whether another slice could continue further on than this one began. */
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

  endPage({ next, trail, counts }: CountedStep): void {
    this.#next = next ?? null;
    this.#trail = trail;
    this.#counts = counts;
  }

  take(): RawBatch {
    return this.#take(false);
  }

  /** The last batch of its slice, although the list goes on: the next slice reads the rest. */
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
    const order = orderOf(entity, window.since);
    if (values.length === 0) return { order, values };
    return { order, values, ...(this.#trail && { trail: this.#trail }), ...(this.#counts && { counts: this.#counts }) };
  }
}
