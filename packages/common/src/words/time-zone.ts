import { type Timestamp, timestamp } from './timestamp.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Zones change their offset on quarters of an hour. */
const STEP_MS = 15 * MINUTE_MS;
/** Clocks go back by up to three hours: after four hours they show nothing that they show now. */
const STEPS_AHEAD = 16;
/** So many offsets are remembered: of 27 years, if records are that old. */
const OFFSETS_MAX = 10_000;

/** A time on the clocks of a zone, written like a UTC timestamp: its `Z` means nothing. */
export type LocalTime = Timestamp & { readonly __local: unique symbol };

/** A time zone by its name in the IANA database. @throws RangeError for a name that {@link isTimeZone} refuses */
export class TimeZone {
  readonly #format: Intl.DateTimeFormat;
  readonly #offsets = new Map<number, number>();

  private constructor(name: string) {
    this.#format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  }

  static named(name: string): TimeZone {
    const known = ZONES.get(name);
    if (known) return known;
    const zone = new TimeZone(name);
    ZONES.set(name, zone);
    return zone;
  }

  localAt(at: Timestamp): LocalTime {
    return shifted(at, this.#offsetMs(millisecondsOf(at))) as LocalTime;
  }

  /**
   * When the zone's clocks show a time. The later time if they show it twice, so that what is written then never counts
   * as older than it is; and for a time that they skip, the later of the two that it can mean.
   */
  instantOf(local: LocalTime): Timestamp {
    const local_ms = millisecondsOf(local);
    const offsets = this.#offsetsAround(local_ms);
    const shown = offsets.filter((offset_ms) => this.#offsetMs(local_ms - offset_ms) === offset_ms);
    return shifted(local, -Math.min(...(shown.length > 0 ? shown : offsets)));
  }

  /** The earliest time that can be meant: another one than {@link instantOf} only where clocks are put forward or back. */
  earliestInstantOf(local: LocalTime): Timestamp {
    return shifted(local, -Math.max(...this.#offsetsAround(millisecondsOf(local))));
  }

  /** The earliest time that the zone's clocks show at `at` or later: earlier than at `at` if they are about to go back. */
  earliestLocalFrom(at: Timestamp): LocalTime {
    const next_ms = Math.floor(millisecondsOf(at) / STEP_MS) * STEP_MS + STEP_MS;
    const steps = Array.from({ length: STEPS_AHEAD }, (_, step) => next_ms + step * STEP_MS);
    const locals = steps.map((later_ms) => this.localAt(timestamp(new Date(later_ms).toISOString())));
    return locals.reduce((first, one) => (one < first ? one : first), this.localAt(at));
  }

  /** One offset, or the two before and after a change within a day. */
  #offsetsAround(local_ms: number): readonly number[] {
    const day_ms = Math.floor(local_ms / DAY_MS) * DAY_MS;
    const [before, after] = [this.#offsetMs(day_ms - DAY_MS), this.#offsetMs(day_ms + 2 * DAY_MS)];
    if (before === after) return [before];
    const offset_ms = this.#offsetMs(local_ms - before);
    return offset_ms === this.#offsetMs(local_ms - after) ? [offset_ms] : [before, after];
  }

  #offsetMs(at_ms: number): number {
    const step = Math.floor(at_ms / STEP_MS);
    const known = this.#offsets.get(step);
    if (known !== undefined) return known;
    if (this.#offsets.size >= OFFSETS_MAX) this.#offsets.clear();
    const offset_ms = offsetOf(this.#format.format(step * STEP_MS));
    this.#offsets.set(step, offset_ms);
    return offset_ms;
  }
}

const ZONES = new Map<string, TimeZone>();

/** Whether this runtime knows a zone of that name, such as `America/New_York`, `UTC` or `+09:00`. */
export function isTimeZone(name: string): boolean {
  try {
    TimeZone.named(name);
    return true;
  } catch {
    // A RangeError: there is no other way to ask.
    return false;
  }
}

/** @param printed a date and an offset, such as `1/15/2024, GMT-05:00`; very old ones have seconds */
function offsetOf(printed: string): number {
  const [, sign = '+', hours = '0', minutes = '0', seconds = '0'] =
    /GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(printed) ?? [];
  const size_ms = Number(hours) * HOUR_MS + Number(minutes) * MINUTE_MS + Number(seconds) * 1000;
  return sign === '-' ? -size_ms : size_ms;
}

function millisecondsOf(at: Timestamp): number {
  return Date.parse(`${at.slice(0, 19)}Z`);
}

/** The time `by_ms` later. Beyond the years 0001 to 9999, the first or last time of these. */
function shifted(at: Timestamp, by_ms: number): Timestamp {
  const moved = new Date(millisecondsOf(at) + by_ms).toISOString();
  if (moved.startsWith('-') || moved.startsWith('0000')) return FIRST;
  return moved.startsWith('+') ? LAST : timestamp(`${moved.slice(0, 19)}${at.slice(19)}`);
}

const FIRST = timestamp('0001-01-01');
const LAST = timestamp('9999-12-31T23:59:59.999999Z');
