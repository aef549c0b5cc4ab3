import type { SourceConfig } from '@bronze/common/config';
import type { Clock, Log, SecretProvider, Source } from '@bronze/common/ports';
import { type Environment, resolve } from '@bronze/common/reference';
import type { RestSourceConfig } from '@bronze/common/rest-config';
import { ApiClient } from '../rest/api-client.ts';
import { ApiKey } from '../rest/api-key.ts';
import { Pacer } from '../rest/pacer.ts';
import { RestSource } from '../rest/rest-source.ts';
import { PostgresSource } from './postgres-source.ts';
import { UndiciClient } from './undici-client.ts';

export interface SourcePorts {
  /** Where references are looked up, each time anew. */
  readonly environment: Environment;
  readonly secrets: SecretProvider;
  readonly clock: Clock;
  readonly log: Log;
}

/** The source that a configuration means. Nothing is connected before it is used. */
export function openSource(config: SourceConfig, ports: SourcePorts): Source {
  const { environment, clock, log } = ports;
  if (config.type === 'rest') return openRest(config, ports);
  return new PostgresSource({ url: () => resolve(config.url, environment), config, clock, log });
}

function openRest(config: RestSourceConfig, { environment, secrets, clock, log }: SourcePorts): RestSource {
  const { api_key_secret } = config;
  const key = api_key_secret && new ApiKey(secrets, () => resolve(api_key_secret, environment), clock);
  const pacer = new Pacer(clock, config);
  const http = new UndiciClient(config);
  const api = new ApiClient({ http, config, key: key || undefined, pacer, random: Math.random, log });
  return new RestSource({ api, config, environment, clock });
}
