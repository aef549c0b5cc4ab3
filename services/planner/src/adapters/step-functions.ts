import { SendTaskFailureCommand, SendTaskSuccessCommand, SFNClient } from '@aws-sdk/client-sfn';
import type { End } from '../orchestration/turn.ts';
import type { TaskCallbacks } from '../orchestration/orchestrate.ts';

/** What the service answers for a task that has timed out, or whose execution was stopped. */
const WAITS_NO_LONGER: ReadonlySet<unknown> = new Set(['TaskTimedOut', 'TaskDoesNotExist']);

/** Ends tasks of AWS Step Functions that wait for their token. */
export class StepFunctions implements TaskCallbacks {
  readonly #client: SFNClient;

  constructor(client = new SFNClient({})) {
    this.#client = client;
  }

  async end(taskToken: string, end: End): Promise<void> {
    const { entity, status, reason = '' } = end;
    const sent =
      status === 'failed'
        ? this.#client.send(
            new SendTaskFailureCommand({ taskToken, error: reason, cause: `the load of ${entity} did not complete` }),
          )
        : this.#client.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(end) }));
    await sent.catch((thrown: unknown) => {
      if (!WAITS_NO_LONGER.has(Reflect.get(Object(thrown), 'name'))) throw thrown;
    });
  }
}
