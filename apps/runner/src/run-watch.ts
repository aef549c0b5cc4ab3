import type { Failure } from '@bronze/common/words/failure';
import type { PipelineEvent, Log } from '@bronze/common/load/events';

export interface ContinuedLoad {
  readonly load_id: string;
  readonly claimed_at: string;
}

/** Remembers what the events of a run say about each entity, and forwards them. */
export class RunWatch implements Log {
  readonly #log: Log;
  readonly #completed = new Map<string, string[]>();
  readonly #continued = new Map<string, ContinuedLoad>();
  readonly #failures = new Map<string, Failure>();
  readonly #rows = new Map<string, number>();
  readonly #started = new Map<string, number>();
  readonly #ended = new Map<string, number>();

  constructor(log: Log) {
    this.#log = log;
  }

  event(event: PipelineEvent): void {
    if (event.kind !== 'planned' && event.kind !== 'source_waiting' && event.kind !== 'load_continued')
      this.#touch(event.entity);
    if (event.kind === 'load_completed' || event.kind === 'load_abandoned') {
      this.#completed.set(event.entity, [...this.completedLoads(event.entity), event.load_id]);
    }
    if (event.kind === 'task_written') {
      this.#rows.set(event.entity, this.rowsWritten(event.entity) + event.rows + event.rows_quarantined);
    }
    if (event.kind === 'load_continued') this.#continued.set(event.entity, event);
    if (event.kind === 'message_failed' && event.is_dead && !this.#failures.has(event.entity)) {
      this.#failures.set(event.entity, event.failure);
    }
    this.#log.event(event);
  }

  /** The first failure of each entity that sent a message of this run to the dead letters. */
  failures(): ReadonlyMap<string, Failure> {
    return this.#failures;
  }

  /** The load that answered this run's request, if it was pending already. */
  continuedLoad(entity: string): ContinuedLoad | undefined {
    return this.#continued.get(entity);
  }

  /** Ids of the loads that ended in this process, completed or abandoned, in order. */
  completedLoads(entity: string): readonly string[] {
    return this.#completed.get(entity) ?? [];
  }

  /** Rows that this process has written, those in quarantine included: not those of a load that others wrote. */
  rowsWritten(entity: string): number {
    return this.#rows.get(entity) ?? 0;
  }

  /** Seconds from the entity's first event to its last; the wait before that is not included. */
  durationSeconds(entity: string): number {
    return ((this.#ended.get(entity) ?? 0) - (this.#started.get(entity) ?? 0)) / 1000;
  }

  #touch(entity: string): void {
    const now = performance.now();
    if (!this.#started.has(entity)) this.#started.set(entity, now);
    this.#ended.set(entity, now);
  }
}
