import { utcDate, type Timestamp } from '../words/timestamp.ts';
import { type LoadKey, RUN_LOG_PREFIX } from './object-keys.ts';

/** What the key of lines of the run log is made of. */
export interface RunLogName {
  readonly at: Timestamp;
  /** An entity, or `run`. */
  readonly subject: string;
  /** Of the load, the message or the run. */
  readonly id: string;
  readonly name: string;
}

/** Lines of the run log that were written together, under their UTC day: `…/date=2024-01-15/orders-{load_id}-1-starting.log` */
export function runLogKey({ at, subject, id, name }: RunLogName): string {
  return `${runLogOfDay(utcDate(at))}${subject.replaceAll(/\W/g, '')}-${id}-${name}.log`;
}

const RUN_LOG_DAY = /^\d{4}-\d{2}-\d{2}(?=\/)/;

/** The day whose lines a key of the run log is under; undefined for a key that {@link runLogKey} did not make. */
export function dayOfRunLog(key: string): string | undefined {
  return key.startsWith(RUN_LOG_PREFIX) ? RUN_LOG_DAY.exec(key.slice(RUN_LOG_PREFIX.length))?.[0] : undefined;
}

/** The run log of a UTC day. @param day `2024-01-15` */
export function runLogOfDay(day: string): string {
  return `${RUN_LOG_PREFIX}${day}/`;
}

const RUN_LOG_NAME =
  /\/([a-z][a-z0-9_]*)-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-(?!0-validation|2-failed)[^/]*\.log$/;

/** The load that lines of the run log are about; undefined for those about a run or a message. */
export function loadOfRunLog(key: string): LoadKey | undefined {
  const [, entity, load_id] = RUN_LOG_NAME.exec(key) ?? [];
  return entity === undefined || load_id === undefined ? undefined : { entity, load_id };
}
