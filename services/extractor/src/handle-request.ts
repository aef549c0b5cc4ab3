import { type Config, entityOf } from '@bronze/common/config';
import type { DeliveredMessage } from '@bronze/common/delivery/deliver-message';
import { decodeExtractRequest } from '@bronze/common/load/messages';
import { removeStaging, removeStagingOfPreviousLoad } from '@bronze/common/load/remove-staging';
import type { Source } from '@bronze/common/load/source';
import { extractLoad, type ExtractorPorts } from './extract-load.ts';

export interface RequestPorts extends Omit<ExtractorPorts, 'source'> {
  /** The configuration's source of that name. */
  source(name: string): Source;
}

/**
 * Handles a message on the request queue, in Lambda, on one machine and in the simulation: extracts one entity, then
 * removes the staged batches of its previous load, and of its own once that is decided.
 *
 * @throws BronzeError MESSAGE_INVALID, ENTITY_UNKNOWN, or what {@link extractLoad} throws
 */
export function handleRequest(
  ports: RequestPorts,
  config: Config,
): (message: Pick<DeliveredMessage, 'body' | 'message_id'>) => Promise<void> {
  return async ({ body, message_id }) => {
    const request = decodeExtractRequest(body, message_id);
    const entity = entityOf(config, request.entity);
    await extractLoad({ ...ports, source: ports.source(entity.source) }, entity, request);
    await removeStagingOfPreviousLoad(ports, entity.name);
    // Of a load that was decided while this invocation, or one that was killed, was still staging it.
    await removeStaging(ports.objects, request);
  };
}
