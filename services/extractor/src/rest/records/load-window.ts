import type { PendingLoad } from '@bronze/common/load/checkpoint';
import { BronzeError } from '@bronze/common/words/failure';
import type { EndpointEntity } from '@bronze/common/config/rest';
import { NOTHING_SEEN, type SeenCursors, type Skipped } from '@bronze/common/load/position';
import { latest, type Timestamp, utcDate } from '@bronze/common/words/timestamp';
import type { TimeZone } from '@bronze/common/words/time-zone';
import { type CursorTime, cursorTime, zonesOfDays } from './cursor-time.ts';
import type { JsonObject } from './json-node.ts';
import { sinceText, sinceTimestamp } from './since-text.ts';

/**
 * Where a record lies: `changed` is from `until` to the source's clock, `future` is after that. `late` is before the
 * window, but newer than anything that was seen before: it shows late, or its clock or zone is wrong.
 */
type Place = 'before' | 'late' | 'inside' | 'changed' | 'future';

/** Decides which of an API's records belong to a load, and counts the others. */
export class LoadWindow {
  readonly #entity: EndpointEntity;
  readonly #load: PendingLoad;
  readonly #counts = { without_cursor: 0, before: 0, late: 0, inside: 0, changed: 0, future: 0, repeated: 0 };
  readonly #asked: Timestamp | undefined;
  /** The source's clock when it was last read. */
  #now: Timestamp;
  #isIgnored = false;
  readonly #seen_before: Timestamp | undefined;
  #newest: Timestamp | undefined;

  /** @param seen_before the newest cursor that was seen before the load */
  constructor(entity: EndpointEntity, load: PendingLoad, seen_before?: Timestamp) {
    this.#entity = entity;
    this.#load = load;
    // A full load sees everything, and begins anew.
    this.#seen_before = load.load_type === 'full' || load.backfill ? undefined : seen_before;
    this.#newest = load.load_type === 'full' && entity.cursor !== null ? NOTHING_SEEN : this.#seen_before;
    this.#now = load.until;
    const { since } = entity;
    this.#asked = since && this.since !== undefined ? sinceTimestamp(load.since, since, entity) : undefined;
  }

  /** Value of the parameter that asks for changed records; undefined if it must not be sent. */
  get since(): string | undefined {
    const { since } = this.#entity;
    const { load_type, since_parameter } = this.#load;
    if (!since || load_type === 'full' || since_parameter !== 'sent') return undefined;
    return sinceText(this.#load.since, since, this.#entity);
  }

  /** What became of the parameter, as far as this slice knows. */
  get sinceParameter(): PendingLoad['since_parameter'] {
    return this.#isIgnored ? 'ignored' : this.#load.since_parameter;
  }

  get leftOut(): Skipped {
    const { without_cursor, before, changed, future, repeated } = this.#counts;
    // Which of them other loads have brought, or will, a backfill doesn't know.
    if (this.#load.backfill) return { without_cursor, outside_window: before + changed + future, repeated };
    // A full load takes these.
    const [earlier, in_the_future] = this.#isFull ? [0, 0] : [before, future];
    const left_for_later = changed + in_the_future;
    return {
      without_cursor,
      outside_window: earlier + left_for_later,
      ...(left_for_later > 0 && { left_for_later }),
      ...(in_the_future > 0 && { in_the_future }),
      repeated,
    };
  }

  get seenCursors(): SeenCursors | undefined {
    // A backfill says nothing about the records after its window.
    if (this.#load.backfill) return undefined;
    const [before, newest] = [this.#seen_before, this.#newest];
    return newest && { ...(before && { before }), newest, late: this.#counts.late };
  }

  countRepeated(records: number): void {
    this.#counts.repeated += records;
  }

  /** Tells the window the source's clock after it has answered. */
  answeredAt(now: Timestamp): void {
    this.#now = latest(this.#now, now);
  }

  /** Whether a record changed after the load had begun. @throws BronzeError as {@link takes} */
  isBeyond(record: JsonObject): boolean {
    const { backfill, ingested_at, until } = this.#load;
    const { cursor } = this.#entity;
    const time = cursor === null ? undefined : cursorTime(this.#entity, record.get(cursor));
    return time !== undefined && time.at >= (backfill ? ingested_at : until);
  }

  /**
   * Whether a record must be staged; if not, it is counted. A full load takes everything except what has changed since
   * its window's end, which the next load takes (decision 38).
   *
   * @throws BronzeError CURSOR_MISSING for a record without a cursor value where `null_cursor` is `error`, and, in an
   *   incremental load, for a cursor value that can't be read; TIME_ZONE_UNDECLARED
   */
  takes(record: JsonObject): boolean {
    const { cursor, null_cursor } = this.#entity;
    if (cursor === null) return true;
    const value = record.get(cursor) ?? null;
    const time = cursorTime(this.#entity, value);
    if (time) return this.#takesAt(time);
    // A full load takes what can't be placed in time. An incremental load must not skip a value that it can't read: the
    // record would be lost.
    const isFull = this.#isFull;
    if (null_cursor === 'error' || (value !== null && !isFull)) throw withoutCursor(this.#entity, cursor);
    this.#counts.without_cursor += isFull ? 0 : 1;
    return isFull;
  }

  #takesAt(time: CursorTime): boolean {
    const place = this.#placeOf(time);
    this.#counts[place] += 1;
    const isBelowEnd = place !== 'changed' && place !== 'future';
    if (isBelowEnd && time.day === undefined) this.#newest = latest(this.#newest ?? time.at, time.at);
    if (this.#asked !== undefined && time.at < this.#asked) this.#isIgnored = true;
    return this.#isFull ? place !== 'changed' : place === 'inside' || place === 'late';
  }

  #isUnseen(at: Timestamp): boolean {
    return this.#seen_before !== undefined && at > this.#seen_before;
  }

  get #isFull(): boolean {
    return this.#load.load_type === 'full';
  }

  /** A day without a time belongs to the window in which it ends, so that each day is in exactly one window. */
  #placeOf({ at, earliest, day }: CursorTime): Place {
    const { since, until } = this.#load;
    const dayAt = (edge: Timestamp, zone: TimeZone) => (day === undefined ? edge : utcDate(zone.localAt(edge)));
    const { first, last } = zonesOfDays(this.#entity);
    const changed_at = day ?? at;
    if (changed_at < dayAt(since, last)) return day === undefined && this.#isUnseen(at) ? 'late' : 'before';
    if (changed_at < dayAt(until, last)) return 'inside';
    return (day ?? earliest) <= dayAt(this.#now, first) ? 'changed' : 'future';
  }
}

function withoutCursor(entity: EndpointEntity, cursor: string): BronzeError {
  return new BronzeError('CURSOR_MISSING', {
    message: `a record of ${entity.name} has no timestamp in ${cursor}, its cursor`,
    hint: 'Fix it at the source. null_cursor: "include" takes such records with full loads and counts them otherwise.',
  });
}
