import { BronzeError } from '@bronze/common/words/failure';
import type { Log } from '@bronze/common/load/events';
import { entityIn, type ExtractRequest } from '@bronze/common/load/messages';
import type { Source } from '@bronze/common/load/source';
import { handleRequest } from '@bronze/extractor/handle-request';
import type { Received } from '@bronze/common/adapters/local/local-queue';
import { handleTask } from '@bronze/writer/handle-task';
import { asksOf, faultyPorts } from './faulty-ports.ts';
import type { Invocation } from './invocation.ts';
import type { World } from './world.ts';

export type Service = 'extract' | 'write';

export interface Delivered {
  readonly service: Service;
  readonly message: Received;
  /** The number of the delivery in this world, from 0. */
  readonly number: number;
}

/** The handlers that ship, over ports that may fail. */
export function handlerOf(world: World, { service, message }: Delivered, invocation: Invocation) {
  const ports = faultyPorts(world.backing, invocation);
  if (service === 'write') return (log: Log) => handleTask({ ...ports, log })(message);
  const { config } = world.options.workload;
  // Each entity of a world has a source of its own.
  const source = () => sourceOf(world, entityIn(message.body), invocation);
  return (log: Log) => handleRequest({ ...ports, log, source }, config)(message);
}

/** The request of a delivery; undefined for a write task. */
export function requestOf({ service, message }: Delivered): Invocation['delivery'] {
  if (service === 'write') return undefined;
  const { load_id = message.message_id, slice = 0 } = JSON.parse(message.body) as Partial<ExtractRequest>;
  return { load_id, slice };
}

function sourceOf(world: World, name: string, invocation: Invocation): Source {
  const source = world.sources.get(name);
  if (!source) throw new RangeError(`no source for ${name}`);
  const opened = source.open(asksOf(world.backing, invocation));
  if (world.facts.entities.get(name)?.poison !== 'source denied') return opened;
  return { system: opened.system, readHighWatermark: refused, openSlice: refused };
}

async function refused(): Promise<never> {
  throw new BronzeError('SOURCE_DENIED', { message: 'the source refuses this role', hint: 'planted' });
}
