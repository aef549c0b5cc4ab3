import type { Log, PipelineEvent } from '../load/events.ts';
import { entityIn } from '../load/messages.ts';
import { failureRecordKey } from '../load/object-keys.ts';
import type { Clock } from '../ports/clock.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import { type Failure, isRetryable, toFailure } from '../words/failure.ts';
import { encodeJson } from '../words/json.ts';
import { RunLog } from './run-log.ts';

/** After this many deliveries a queue moves the message to its dead-letter queue, on AWS and on one machine. */
export const RECEIVE_COUNT_MAX = 5;

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
  /**
   * Sends a message to the dead-letter queue of the queue that delivered it.
   *
   * @param record_key of the failure record
   */
  sendToDeadLetterQueue(message: DeliveredMessage, failure: Failure, record_key: string): Promise<void>;
  /** Whether deliveries are being ended before their time. A transient failure is then no failure, nor a delivery. */
  isStopping?(): boolean;
}

/**
 * Handles one delivery of a message, on AWS, on one machine and in the simulation. If `handle` fails and no retry can
 * help, the message goes to the dead-letter queue at once and counts as handled (decision 21). Any other failure is
 * thrown, so that the queue delivers the message again, {@link RECEIVE_COUNT_MAX} times in all. Either way, a message
 * that ends in the dead-letter queue leaves a failure record in the bucket. The run log is written in every case.
 *
 * @param handle gets the log to write to
 * @throws what `handle` throws, if a retry may help
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
  try {
    await handle(log);
  } catch (thrown) {
    await fail({ ...ports, log }, message, thrown);
  } finally {
    await flush(runLog, ports.log, message);
  }
}

async function fail(ports: DeliveryPorts, message: DeliveredMessage, thrown: unknown): Promise<void> {
  const failure = toFailure(thrown);
  if (failure.kind === 'transient' && ports.isStopping?.()) throw thrown;
  const is_dead = !isRetryable(failure) || message.receive_count >= RECEIVE_COUNT_MAX;
  const { receive_count } = message;
  ports.log.event({ kind: 'message_failed', entity: entityIn(message.body), receive_count, is_dead, failure });
  if (!is_dead) throw thrown;
  const record_key = await record(ports, message, thrown);
  if (isRetryable(failure)) throw thrown;
  await ports.sendToDeadLetterQueue(message, failure, record_key);
}

/**
 * Written once: a later delivery of the same message fails for the same reason.
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
