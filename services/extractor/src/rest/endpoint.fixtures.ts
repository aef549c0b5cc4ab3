import { defineConfig, entityOf, isEndpoint } from '@bronze/common/config';
import type { Clock, Deadline } from '@bronze/common/ports/clock';
import type { EndpointEntity, EndpointEntityInput } from '@bronze/common/config/rest';
import { timestamp } from '@bronze/common/words/timestamp';

export function entityWith(settings: Partial<EndpointEntityInput> = {}): EndpointEntity {
  const config = defineConfig({
    sources: { api: { type: 'rest', base_url: 'https://api.example.com' } },
    entities: {
      things: { source: 'api', endpoint: '/things', primary_key: ['id'], paging: { style: 'none' }, ...settings },
    },
  });
  const entity = entityOf(config, 'things');
  if (!isEndpoint(entity)) throw new Error('it is an endpoint');
  return entity;
}

/** A clock on which only sleeping takes time. */
export class VirtualClock implements Clock {
  now_ms = Date.UTC(2024, 0, 15, 10, 32);

  now() {
    return timestamp(new Date(this.now_ms).toISOString());
  }

  async sleep(duration_ms: number): Promise<void> {
    this.now_ms += duration_ms;
  }
}

export const UNHURRIED: Deadline = { isNear: () => false, remainingMs: () => Infinity };
