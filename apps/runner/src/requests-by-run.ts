import type { LocalQueue } from '@bronze/common/adapters/local/local-queue';
import type { ExtractRequest } from '@bronze/common/load/messages';
import type { TaskQueue } from '@bronze/common/ports/queue';

/** Of all runs on a folder, what this one has to know. */
export interface Runs {
  /** Identifies this run, in its requests and as the owner of its messages. */
  readonly run_id: string;
  /** Whether the run of that id has ended, well or not. */
  isOver(run_id: string): boolean;
}

/**
 * Where the loads of a run send what follows from them. Requests that continue a load are this run's. A request that has
 * waited for a load to end goes to the run that asked, which has the environment and the configuration that it was asked
 * with. If that run has ended it is not sent: it waits in the checkpoint, and the next request for the entity begins with it.
 */
export class RequestsByRun implements TaskQueue<ExtractRequest> {
  readonly #queue: LocalQueue<ExtractRequest>;
  readonly #runs: Runs;

  constructor(queue: LocalQueue<ExtractRequest>, runs: Runs) {
    this.#queue = queue;
    this.#runs = runs;
  }

  async send(requests: readonly ExtractRequest[]): Promise<void> {
    for (const request of requests) {
      const { slice, run_id } = request;
      if (slice !== undefined || run_id === this.#runs.run_id) await this.#queue.send([request]);
      else if (run_id !== undefined && !this.#runs.isOver(run_id))
        this.#queue.sendText(JSON.stringify(request), { owner: run_id });
    }
  }
}
