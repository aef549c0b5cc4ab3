import { type Failure, isRetryable, toFailure } from '../words/failure.ts';
import { encodeJson } from '../words/json.ts';
import { entityIn } from '../load/messages.ts';
import { failureRecordKey } from '../load/object-keys.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../load/events.ts';
import type { ObjectStore } from '../ports/object-store.ts';

/** After so many deliveries the queue itself moves a message to its dead-letter queue. */
export const RECEIVE_COUNT_MAX = 5;

export interface DeliveredMessage {
  readonly message_id: string;
  readonly body: string;
  readonly receive_count: number;
}

export interface DeliveryPorts {
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Puts a message into the dead-letter queue of the queue it came from. */
  sendToDeadLetterQueue(message: DeliveredMessage): Promise<void>;
}

/**
 * Handles one message. One that can never succeed goes to the dead-letter queue at once and counts as handled; any
 * other failure is thrown, and the queue delivers the message again. What is lost to the dead-letter queue either way
 * leaves a record in the bucket of why.
 */
export async function deliverMessage(
  ports: DeliveryPorts,
  message: DeliveredMessage,
  handle: () => Promise<void>,
): Promise<void> {
  try {
    await handle();
  } catch (thrown) {
    const failure = toFailure(thrown);
    const is_dead = !isRetryable(failure) || message.receive_count >= RECEIVE_COUNT_MAX;
    const { receive_count } = message;
    ports.log.event({ kind: 'message_failed', entity: entityIn(message.body), receive_count, is_dead, failure });
    if (is_dead) await record(ports, message, failure);
    if (isRetryable(failure)) throw thrown;
    await ports.sendToDeadLetterQueue(message);
  }
}

/** Put once: a message that comes again has failed for the same reason. */
async function record({ objects, clock }: DeliveryPorts, message: DeliveredMessage, failure: Failure): Promise<void> {
  const { code, kind, message: reason, hint } = failure;
  const failed_at = clock.now();
  const entity = entityIn(message.body);
  const { message_id, body, receive_count } = message;
  const written = { version: 1, message_id, message: body, entity, receive_count, failed_at, code, kind, reason, hint };
  await objects.putIfAbsent(failureRecordKey(failed_at, message_id), encodeJson(written));
}
