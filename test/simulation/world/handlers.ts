import { entityOf } from '@bronze/common/config';
import { BronzeError } from '@bronze/common/words/failure';
import { decodeExtractRequest, decodeWriteMessage, type ExtractRequest } from '@bronze/common/load/messages';
import type { Source } from '@bronze/common/load/source';
import { removeStagingOfPreviousLoad } from '@bronze/common/load/remove-staging';
import { extractLoad } from '@bronze/extractor/extract-load';
import type { Received } from '@bronze/common/adapters/local/local-queue';
import { writeTask } from '@bronze/writer/write-task';
import { asksOf, faultyPorts } from './faulty-ports.ts';
import type { Invocation } from './invocation.ts';
import type { World } from './world.ts';

export type Service = 'extract' | 'write';

export interface Delivered {
  readonly service: Service;
  readonly message: Received;
  /** Of the deliveries of this world, from 0. */
  readonly number: number;
}

/** What the deployed functions do with a message: the real stories, over ports that may fail. */
export function handlerOf(world: World, { service, message }: Delivered, invocation: Invocation): () => Promise<void> {
  const ports = faultyPorts(world.backing, invocation);
  if (service === 'write') return () => writeTask(ports, decodeWriteMessage(message.body));
  return async () => {
    const request = decodeExtractRequest(message.body, message.message_id);
    const entity = entityOf(world.options.workload.config, request.entity);
    const source = sourceOf(world, entity.name, invocation);
    await extractLoad({ ...ports, source }, entity, request);
    await removeStagingOfPreviousLoad(ports, entity.name);
  };
}

/** The request that an invocation was delivered; undefined: it extracts nothing. */
export function requestOf({ service, message }: Delivered): Invocation['delivery'] {
  if (service === 'write') return undefined;
  const { load_id = message.message_id, slice = 0 } = JSON.parse(message.body) as Partial<ExtractRequest>;
  return { load_id, slice };
}

function sourceOf(world: World, name: string, invocation: Invocation): Source {
  const source = world.sources.get(name);
  if (!source) throw new RangeError(`no source of ${name}`);
  const opened = source.open(asksOf(world.backing, invocation));
  if (world.facts.entities.get(name)?.poison !== 'source denied') return opened;
  return { system: opened.system, readHighWatermark: refused, openSlice: refused };
}

async function refused(): Promise<never> {
  throw new BronzeError('SOURCE_DENIED', { message: 'the source refuses this role', hint: 'planted' });
}
