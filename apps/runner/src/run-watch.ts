import type { PipelineEvent, Log } from '@bronze/common/load/events';

/** Remembers what the events of a run say about each entity, and forwards them. */
export class RunWatch implements Log {
  readonly #log: Log;
  readonly #completed = new Map<string, string[]>();
  readonly #started = new Map<string, number>();
  readonly #ended = new Map<string, number>();

  constructor(log: Log) {
    this.#log = log;
  }

  event(event: PipelineEvent): void {
    if (event.kind !== 'planned' && event.kind !== 'source_waiting') this.#touch(event.entity);
    if (event.kind === 'load_completed' || event.kind === 'load_abandoned') {
      this.#completed.set(event.entity, [...this.completedLoads(event.entity), event.load_id]);
    }
    this.#log.event(event);
  }

  /** The entities of which a load ended in this process, asked for in this run or left unfinished by an earlier one. */
  completedEntities(): string[] {
    return [...this.#completed.keys()];
  }

  /** Ids of the loads that ended in this process, completed or abandoned, in order. */
  completedLoads(entity: string): readonly string[] {
    return this.#completed.get(entity) ?? [];
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
