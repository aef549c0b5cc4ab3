import type { PendingLoad } from '@bronze/common/load/checkpoint';
import { declaredType } from '@bronze/common/config/columns';
import { BronzeError } from '@bronze/common/words/failure';
import type { EndpointEntity } from '@bronze/common/config/rest';
import type { Skipped } from '@bronze/common/load/position';
import { type Timestamp, utcDate } from '@bronze/common/words/timestamp';
import type { JsonObject } from './json-node.ts';
import { sinceTimestamp, type ParsedTimestamp, momentOf, sinceText } from './parsed-timestamp.ts';

/** Decides which of an API's records belong to a load, and counts the others. */
export class LoadWindow {
  readonly #entity: EndpointEntity;
  readonly #load: PendingLoad;
  readonly #left_out = { without_cursor: 0, outside_window: 0, repeated: 0 };
  readonly #asked: Timestamp | undefined;
  #isIgnored = false;

  constructor(entity: EndpointEntity, load: PendingLoad) {
    this.#entity = entity;
    this.#load = load;
    const { since } = entity;
    this.#asked = since && this.since !== undefined ? sinceTimestamp(load.since, since) : undefined;
  }

  /** Value of the parameter that asks for changed records; undefined if it must not be sent. */
  get since(): string | undefined {
    const { since } = this.#entity;
    const { load_type, since_parameter } = this.#load;
    if (!since || load_type === 'full' || since_parameter !== 'sent') return undefined;
    return sinceText(this.#load.since, since);
  }

  /** What became of the parameter, as far as this slice knows. */
  get sinceParameter(): PendingLoad['since_parameter'] {
    return this.#isIgnored ? 'ignored' : this.#load.since_parameter;
  }

  get leftOut(): Skipped {
    return this.#left_out;
  }

  countRepeated(records: number): void {
    this.#left_out.repeated += records;
  }

  /** Whether a record changed at or after the window's end: the next load brings it. */
  isBeyond(record: JsonObject): boolean {
    const { cursor } = this.#entity;
    const parsed = cursor === null ? undefined : momentOf(record.get(cursor), declaredType(this.#entity, cursor) ?? '');
    return parsed !== undefined && parsed.at >= this.#load.until;
  }

  /**
   * Whether a record must be staged; if not, it is counted.
   *
   * @throws BronzeError CURSOR_MISSING for a record without a cursor value where `null_cursor` is `error`, and, in an
   *   incremental load, for a cursor value that can't be read
   */
  takes(record: JsonObject): boolean {
    const { cursor, null_cursor } = this.#entity;
    if (cursor === null) return true;
    const value = record.get(cursor) ?? null;
    const parsed = momentOf(value, declaredType(this.#entity, cursor) ?? '');
    const isFull = this.#load.load_type === 'full';
    if (!parsed) {
      // A full load takes what can't be placed in time. An incremental load must not skip a value that it can't read:
      // the record would be lost.
      if (null_cursor === 'error' || (value !== null && !isFull)) throw withoutCursor(this.#entity, cursor);
      this.#left_out.without_cursor += isFull ? 0 : 1;
      return isFull;
    }
    const isInside = this.#isInside(parsed);
    if (!isInside) this.#left_out.outside_window += 1;
    if (this.#asked !== undefined && parsed.at < this.#asked) this.#isIgnored = true;
    return isInside;
  }

  /** A day without a time belongs to the window in which it ends, so that each day is in exactly one window. */
  #isInside({ at, is_day }: ParsedTimestamp): boolean {
    const { load_type, since, until } = this.#load;
    const [changed_at, from, to] = is_day ? [utcDate(at), utcDate(since), utcDate(until)] : [at, since, until];
    return changed_at < to && (load_type === 'full' || changed_at >= from);
  }
}

function withoutCursor(entity: EndpointEntity, cursor: string): BronzeError {
  return new BronzeError('CURSOR_MISSING', {
    message: `a record of ${entity.name} has no timestamp in ${cursor}, its cursor`,
    hint: 'Fix it at the source. null_cursor: "include" takes such records with full loads and counts them otherwise.',
  });
}
