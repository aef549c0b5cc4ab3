import type { Backfill } from '../load/backfill.ts';
import type { PipelineEvent } from '../load/events.ts';
import { type RunLogName, runLogKey } from '../load/run-log-keys.ts';
import { describeChanges, inLine } from '../load/schema-changes.ts';
import type { Clock } from '../ports/clock.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import { type Failure, toFailure } from '../words/failure.ts';
import type { Timestamp } from '../words/timestamp.ts';

/** Lines of the run log that are written at once, as an object of their own, because S3 can't append. */
export interface RunLogEntry extends RunLogName {
  /** Each with its time: `[2024-01-15 10:30:45] Starting: Processing customers` */
  readonly lines: readonly string[];
}

/**
 * An event as lines for people; undefined: the run log has none for it. The same event of the same load has the same
 * name, so that it is written once. What failed for good is named after its message, which a replay sends anew.
 */
export function runLogEntry(event: PipelineEvent, at: Timestamp, message_id: string): RunLogEntry | undefined {
  const processing = `Processing ${event.entity}`;
  const entry = (id: string, name: string, ...texts: readonly string[]): RunLogEntry => ({
    at,
    subject: event.entity,
    id,
    name,
    lines: texts.map((text) => lineAt(at, text)),
  });
  switch (event.kind) {
    case 'load_claimed':
      return entry(event.load_id, '1-starting', `Starting: ${processing}${ofWindow(event)}`);
    case 'load_completed':
      return entry(event.load_id, '2-completed', ...completedTexts(event, processing));
    case 'load_abandoned':
      return entry(event.load_id, '2-abandoned', `Abandoned: ${processing}`);
    case 'schema_changed':
      return entry(
        event.load_id,
        '3-changed',
        `Changed: Columns of ${event.entity} (${describeChanges(event.changes)})`,
      );
    case 'message_failed':
      return event.is_dead ? entry(message_id, '2-failed', failedText(processing, event.failure)) : undefined;
    default:
      return undefined;
  }
}

/** Of a backfill: `, backfill from 2024-01-01T00:00:00.000000Z to 2024-02-01T00:00:00.000000Z`. */
function ofWindow({ backfill }: { readonly backfill?: Backfill | undefined }): string {
  return backfill ? `, backfill from ${backfill.from} to ${backfill.to}` : '';
}

/** What was read, what it became, and the end. */
function completedTexts(event: Extract<PipelineEvent, { kind: 'load_completed' }>, processing: string): string[] {
  const { rows, rows_quarantined, parts } = event;
  return [
    `${processing}: Extracted ${rows + rows_quarantined} records`,
    `${processing}: Wrote ${parts} files`,
    ...(rows_quarantined > 0 ? [`${processing}: Quarantined ${rows_quarantined} records`] : []),
    `Completed: ${processing}${ofWindow(event)}`,
  ];
}

function failedText(what: string, { code, message }: Failure): string {
  return `Failed: ${what}: ${code}: ${inLine(message)}`;
}

/** @param text in one line */
function lineAt(at: Timestamp, text: string): string {
  return `[${at.slice(0, 19).replace('T', ' ')}] ${text}`;
}

export interface RunLogPorts {
  readonly objects: Pick<ObjectStore, 'putIfAbsent'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** Collects lines while a message is handled. */
export class RunLog {
  readonly #ports: RunLogPorts;
  readonly #message_id: string;
  #entries: RunLogEntry[] = [];

  constructor(ports: RunLogPorts, message_id: string) {
    this.#ports = ports;
    this.#message_id = message_id;
  }

  event(event: PipelineEvent): void {
    const entry = runLogEntry(event, this.#ports.clock.now(), this.#message_id);
    if (entry) this.#entries.push(entry);
  }

  /** Writes what was collected. @throws what the object store throws first, after it has tried everything */
  async flush(): Promise<void> {
    const entries = this.#entries;
    this.#entries = [];
    const failures: unknown[] = [];
    for (const entry of entries) {
      await put(this.#ports, entry).catch((thrown: unknown) => failures.push(thrown));
    }
    if (failures.length > 0) throw failures[0];
  }
}

async function put({ objects }: RunLogPorts, entry: RunLogEntry): Promise<void> {
  await objects.putIfAbsent(runLogKey(entry), Buffer.from(entry.lines.map((line) => `${line}\n`).join('')));
}

const VALIDATION = 'Configuration Validation';

/**
 * Runs the checks that come before a run, and writes to the run log when they started and how they ended. The run log
 * is for people: if it can't be written, `unwritten` is told, and the run goes on.
 *
 * @param run.id of the run, if the checks don't find one; the same run is written once
 * @throws what `check` throws
 */
export async function validated<T extends { readonly run_id: string }>(
  ports: RunLogPorts,
  run: { readonly id: string; unwritten(failure: Failure): void },
  check: () => T,
): Promise<T> {
  const at = ports.clock.now();
  const lines = [lineAt(at, `Starting: ${VALIDATION}`)];
  let { id } = run;
  try {
    const checked = check();
    id = checked.run_id;
    lines.push(lineAt(ports.clock.now(), `Completed: ${VALIDATION}`));
    return checked;
  } catch (thrown) {
    lines.push(lineAt(ports.clock.now(), failedText(VALIDATION, toFailure(thrown))));
    throw thrown;
  } finally {
    const entry = { at, subject: 'run', id, name: '0-validation', lines };
    await put(ports, entry).catch((thrown: unknown) => run.unwritten(toFailure(thrown)));
  }
}
