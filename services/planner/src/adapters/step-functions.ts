import { createHash } from 'node:crypto';
import {
  ExecutionAlreadyExists,
  SendTaskFailureCommand,
  SendTaskSuccessCommand,
  type SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { End, RunInput } from '../orchestration/turn.ts';
import type { TaskCallbacks } from '../orchestration/orchestrate.ts';

/** What the service answers for a task that has timed out, or whose execution was stopped. */
const WAITS_NO_LONGER: ReadonlySet<unknown> = new Set(['TaskTimedOut', 'TaskDoesNotExist']);

/** Starts executions, and ends tasks that wait for their token. */
export class StepFunctions implements TaskCallbacks {
  readonly #client: SFNClient;

  constructor(client: SFNClient) {
    this.#client = client;
  }

  /** The same run is started once, however often it is asked for: its execution has a name of its own. */
  async start(stateMachineArn: string, input: RunInput): Promise<void> {
    const text = JSON.stringify(input);
    const name = `${input.run_id}-${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
    const started = this.#client.send(new StartExecutionCommand({ stateMachineArn, name, input: text }));
    await started.catch((thrown: unknown) => {
      if (!(thrown instanceof ExecutionAlreadyExists)) throw thrown;
    });
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
