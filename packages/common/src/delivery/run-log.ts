import type { Backfill } from '../load/backfill.ts';
import type { PipelineEvent } from '../load/events.ts';
import { runLogKey } from '../load/object-keys.ts';
import { describeChanges } from '../load/schema-changes.ts';
import type { Clock } from '../ports/clock.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { Timestamp } from '../words/timestamp.ts';

export interface RunLogLine {
  readonly at: Timestamp;
  readonly entity: string;
  readonly load_id: string;
  /** Part of the line's object key, so that the same event of the same load is written once. */
  readonly name: string;
  readonly text: string;
}

/**
 * An event as a line for people: `[2024-01-15 10:30:45] Starting: Processing customers`. Undefined: the run log has no
 * line for it.
 */
export function runLogLine(event: PipelineEvent, at: Timestamp): RunLogLine | undefined {
  const line = (name: string, text: string): RunLogLine | undefined =>
    'load_id' in event
      ? { at, entity: event.entity, load_id: event.load_id, name, text: `[${printed(at)}] ${text}` }
      : undefined;
  switch (event.kind) {
    case 'load_claimed':
      return line('1-starting', `Starting: Processing ${event.entity}${ofWindow(event)}`);
    case 'load_completed':
      return line('2-completed', `Completed: Processing ${event.entity}${ofWindow(event)} (${whatIsThere(event)})`);
    case 'load_abandoned':
      return line('2-abandoned', `Abandoned: Processing ${event.entity}`);
    case 'schema_changed':
      return line('3-changed', `Changed: Columns of ${event.entity} (${describeChanges(event.changes)})`);
    default:
      return undefined;
  }
}

/** Of a backfill: `, backfill from 2024-01-01T00:00:00.000000Z to 2024-02-01T00:00:00.000000Z`. */
function ofWindow({ backfill }: { readonly backfill?: Backfill | undefined }): string {
  return backfill ? `, backfill from ${backfill.from} to ${backfill.to}` : '';
}

/** `250 records, 3 files`, and what is not among them: `, 5 more in quarantine`. */
function whatIsThere(event: Extract<PipelineEvent, { kind: 'load_completed' }>): string {
  const quarantined = event.rows_quarantined > 0 ? `, ${event.rows_quarantined} more in quarantine` : '';
  return `${event.rows} records, ${event.parts} files${quarantined}`;
}

/** `2024-01-15 10:30:45` */
function printed(at: Timestamp): string {
  return at.slice(0, 19).replace('T', ' ');
}

/** Collects lines while a message is handled, and writes each as an object of its own, because S3 can't append. */
export class RunLog {
  readonly #objects: ObjectStore;
  readonly #clock: Clock;
  #lines: RunLogLine[] = [];

  constructor(objects: ObjectStore, clock: Clock) {
    this.#objects = objects;
    this.#clock = clock;
  }

  event(event: PipelineEvent): void {
    const line = runLogLine(event, this.#clock.now());
    if (line) this.#lines.push(line);
  }

  /** Writes the collected lines. @throws what the object store throws; the lines are then lost */
  async flush(): Promise<void> {
    const lines = this.#lines;
    this.#lines = [];
    for (const line of lines) await this.#objects.putIfAbsent(runLogKey(line), Buffer.from(`${line.text}\n`));
  }
}
