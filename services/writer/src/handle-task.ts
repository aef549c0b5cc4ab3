import type { DeliveredMessage } from '@bronze/common/delivery/deliver-message';
import { decodeWriteMessage } from '@bronze/common/load/messages';
import { removeStaging } from '@bronze/common/load/remove-staging';
import { writeTask, type WriterPorts } from './write-task.ts';

/**
 * Handles a message on the write queue, in Lambda, on one machine and in the simulation: converts one write task. If
 * its load is then complete, removes the load's staged batches.
 *
 * @throws BronzeError MESSAGE_INVALID, or what {@link writeTask} throws
 */
export function handleTask(
  ports: WriterPorts,
): (message: Pick<DeliveredMessage, 'body' | 'receive_count'>) => Promise<void> {
  return async ({ body, receive_count }) => {
    const task = decodeWriteMessage(body);
    await writeTask(ports, task, receive_count > 1);
    await removeStaging(ports.objects, task);
  };
}
