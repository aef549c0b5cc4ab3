import type { Log, PipelineEvent } from '../load/events.ts';
import { entityIn } from '../load/messages.ts';
import { failureRecordKey } from '../load/object-keys.ts';
import type { Clock } from '../ports/clock.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import { type Failure, isRetryable, toFailure } from '../words/failure.ts';
import { encodeJson } from '../words/json.ts';
import { RunLog } from './run-log.ts';

export interface DeliveredMessage {
  readonly message_id: string;
  readonly body: string;
  /** How often it was delivered, this delivery included: 1 at the first. */
  readonly receive_count: number;
}

export interface DeliveryPorts {
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly log: Log;
  /** When to deliver a message again whose failure a retry may help; undefined: never. See `retry-policy.ts`. */
  retryInMs(message: DeliveredMessage, failure: Failure): number | undefined;
  /** Makes the queue deliver a message again after so long. */
  giveBack(message: DeliveredMessage, retry_in_ms: number): Promise<void>;
  /**
   * Sends a message to the dead-letter queue of the queue that delivered it.
   *
   * @param record_key of the failure record
   */
  sendToDeadLetterQueue(message: DeliveredMessage, failure: Failure, record_key: string): Promise<void>;
  /** Whether deliveries are being ended before their time. A transient failure is then no failure, nor a delivery. */
  isStopping?(): boolean;
}

/** A delivery that did not end its message. */
interface Unended {
  readonly thrown: unknown;
  /** Undefined: it was interrupted by a stop. */
  readonly retry_in_ms?: number;
}

/** When a message is delivered again, at the latest, that could not be sent to the dead-letter queue. */
const UNBURIED_MS = 60_000;

/**
 * Handles one delivery of a message, on AWS, on one machine and in the simulation. If `handle` fails and a retry may
 * help, the message is given back to its queue and the failure is thrown. If none can help, or enough were in vain, the
 * message goes to the dead-letter queue at once, with a failure record in the bucket, and counts as handled (decisions 21
 * and 47). The run log is written in every case.
 *
 * @param handle gets the log to write to
 * @throws what `handle` throws, if the message is to be delivered again
 */
export async function deliverMessage(
  ports: DeliveryPorts,
  message: DeliveredMessage,
  handle: (log: Log) => Promise<void>,
): Promise<void> {
  const runLog = new RunLog(ports, message.message_id);
  const log: Log = {
    event: (event: PipelineEvent) => {
      ports.log.event(event);
      runLog.event(event);
    },
  };
  const unended = await handle(log).then(
    () => undefined,
    (thrown: unknown) => judge({ ...ports, log }, message, thrown),
  );
  await flush(runLog, ports.log, message);
  if (!unended) return;
  // Last: another delivery may begin as soon as it is visible.
  if (unended.retry_in_ms !== undefined) await ports.giveBack(message, unended.retry_in_ms);
  throw unended.thrown;
}

/** Decides what a failure means for its message. @returns undefined if the message is in the dead-letter queue */
async function judge(ports: DeliveryPorts, message: DeliveredMessage, thrown: unknown): Promise<Unended | undefined> {
  const failure = toFailure(thrown);
  if (failure.kind === 'transient' && ports.isStopping?.()) return { thrown };
  const retry_in_ms = isRetryable(failure) ? ports.retryInMs(message, failure) : undefined;
  const is_dead = retry_in_ms === undefined;
  const { receive_count } = message;
  ports.log.event({ kind: 'message_failed', entity: entityIn(message.body), receive_count, is_dead, failure });
  return is_dead ? bury(ports, message, thrown) : { thrown, retry_in_ms };
}

async function bury(ports: DeliveryPorts, message: DeliveredMessage, thrown: unknown): Promise<Unended | undefined> {
  try {
    const record_key = await record(ports, message, thrown);
    await ports.sendToDeadLetterQueue(message, toFailure(thrown), record_key);
    return undefined;
  } catch (unburied) {
    return { thrown: unburied, retry_in_ms: ports.retryInMs(message, toFailure(unburied)) ?? UNBURIED_MS };
  }
}

/**
 * Written once for each message and day: if it could not be buried then, the record keeps the reason of that delivery.
 *
 * @returns its key
 */
async function record({ objects, clock }: DeliveryPorts, message: DeliveredMessage, thrown: unknown): Promise<string> {
  const { code, kind, message: reason, hint } = toFailure(thrown);
  // A failure that Bronze knows says where it comes from.
  const stack = kind === 'bug' && thrown instanceof Error ? { stack: thrown.stack } : {};
  const failed_at = clock.now();
  const entity = entityIn(message.body);
  const { message_id, body, receive_count } = message;
  const written = {
    version: 1,
    message_id,
    message: body,
    entity,
    receive_count,
    failed_at,
    code,
    kind,
    reason,
    hint,
    ...stack,
  };
  const key = failureRecordKey(failed_at, message_id);
  await objects.putIfAbsent(key, encodeJson(written));
  return key;
}

/** The run log is for people. A line that can't be written is reported and does not fail the message. */
async function flush(runLog: RunLog, log: Log, { body }: DeliveredMessage): Promise<void> {
  await runLog.flush().catch((thrown: unknown) => {
    log.event({ kind: 'run_log_unwritten', entity: entityIn(body), failure: toFailure(thrown) });
  });
}
