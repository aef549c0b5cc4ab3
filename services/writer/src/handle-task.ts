import type { DeliveredMessage } from '@bronze/common/delivery/deliver-message';
import { decodeWriteMessage } from '@bronze/common/load/messages';
import { removeStaging } from '@bronze/common/load/remove-staging';
import { writeTask, type WriterPorts } from './write-task.ts';

/**
 * What a message on the write queue means, wherever it is delivered: it asks for one write task to be converted. The
 * one that ends its load removes what it was converted from.
 *
 * @throws BronzeError MESSAGE_INVALID, or what {@link writeTask} throws
 */
export function handleTask(ports: WriterPorts): (message: Pick<DeliveredMessage, 'body'>) => Promise<void> {
  return async ({ body }) => {
    const task = decodeWriteMessage(body);
    await writeTask(ports, task);
    await removeStaging(ports.objects, task);
  };
}
