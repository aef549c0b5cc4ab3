import type { PipelineEvent, Log } from '@bronze/common/load/events';

/** Remembers what the events of a run say about each entity, and passes them on. */
export class RunWatch implements Log {
  readonly #log: Log;
  readonly #completed = new Map<string, string[]>();
  readonly #started = new Map<string, number>();
  readonly #ended = new Map<string, number>();

  constructor(log: Log) {
    this.#log = log;
  }

  event(event: PipelineEvent): void {
    if (event.kind !== 'planned') this.#touch(event.entity);
    if (event.kind === 'load_completed' || event.kind === 'load_abandoned') {
      this.#completed.set(event.entity, [...this.completedLoads(event.entity), event.load_id]);
    }
    this.#log.event(event);
  }

  /** Entities of which this process brought a load to its end, asked for in this run or left over from before. */
  completedEntities(): string[] {
    return [...this.#completed.keys()];
  }

  completedLoads(entity: string): readonly string[] {
    return this.#completed.get(entity) ?? [];
  }

  /** From the entity's first event to its last; the wait for its turn doesn't count. */
  durationSeconds(entity: string): number {
    return ((this.#ended.get(entity) ?? 0) - (this.#started.get(entity) ?? 0)) / 1000;
  }

  #touch(entity: string): void {
    const now = performance.now();
    if (!this.#started.has(entity)) this.#started.set(entity, now);
    this.#ended.set(entity, now);
  }
}
