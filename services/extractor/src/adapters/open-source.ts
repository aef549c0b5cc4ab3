import { CachedSecret } from '@bronze/common/secrets/cached-secret';
import { Redaction } from '@bronze/common/secrets/redaction';
import type { Config, SourceConfig } from '@bronze/common/config';
import type { Clock } from '@bronze/common/ports/clock';
import type { Log } from '@bronze/common/load/events';
import type { SecretProvider } from '@bronze/common/ports/secret-provider';
import type { Source } from '@bronze/common/load/source';
import type { PostgresSourceConfig } from '@bronze/common/config/postgres';
import { env, type Environment, isSet, resolve } from '@bronze/common/reference';
import type { RestSourceConfig } from '@bronze/common/config/rest';
import { ApiClient } from '../rest/http/api-client.ts';
import { databaseUrlIn } from '../postgres/database-login.ts';
import { secretsInUrl } from '../postgres/database-url.ts';
import { redactedLog, redactedSource } from '../redacted-source.ts';
import { apiKeyIn } from '@bronze/common/secrets/api-key';
import { RateLimiter } from '../rest/http/rate-limiter.ts';
import { RestSource } from '../rest/rest-source.ts';
import { type ConnectionPolicy, Connections } from '../postgres/connections.ts';
import { PostgresSource } from '../postgres/postgres-source.ts';
import { PgDatabase } from './pg-database.ts';
import { withRdsToken } from './rds-token.ts';
import { UndiciClient } from './undici-client.ts';

export interface SourcePorts {
  /** Where references are resolved, again each time they are used. */
  readonly environment: Environment;
  readonly secrets: SecretProvider;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: that of a function, which is delivered a message again, and whose process outlives the mistake. */
  readonly connecting?: ConnectionPolicy | undefined;
}

/** A restart of a database takes up to a minute. */
export const RETRY_FOR_MS = 60_000;
const IN_A_FUNCTION: ConnectionPolicy = { retry_for_ms: RETRY_FOR_MS, remembers_refusals: false };

/**
 * The sources of a configuration by name, each opened when it is first asked for.
 *
 * @returns a function that throws RangeError if the configuration has no source of that name
 */
export function openSources(config: Config, ports: SourcePorts): (name: string) => Source {
  const opened = new Map<string, Source>();
  return (name) => {
    const known = opened.get(name);
    if (known) return known;
    const found = config.sources[name];
    if (!found) throw new RangeError(`${name} is not a source, which checking the configuration should have found`);
    const source = openSource(found, ports, name);
    opened.set(name, source);
    return source;
  };
}

/**
 * Opens a configured source. It connects only when it is used, and its failures show none of its secrets.
 *
 * @param name for messages
 */
export function openSource(config: SourceConfig, ports: SourcePorts, name = 'the source'): Source {
  const redaction = new Redaction();
  const redacted = { ...ports, log: redactedLog(ports.log, redaction) };
  const source =
    config.type === 'rest' ? openRest(config, redacted, redaction) : openPostgres(name, config, redacted, redaction);
  return redactedSource(source, redaction);
}

function openPostgres(
  source: string,
  config: PostgresSourceConfig,
  ports: SourcePorts,
  redaction: Redaction,
): PostgresSource {
  const { clock, log, connecting: policy = IN_A_FUNCTION } = ports;
  const login = databaseUrl(config, ports);
  const url = async (wasRefused: boolean): Promise<string> => {
    const found = await login(wasRefused);
    redaction.add(...secretsInUrl(found));
    return found;
  };
  const database = new Connections({ source, database: new PgDatabase({ url, config }), config, policy, clock, log });
  return new PostgresSource({ database, config, clock, log });
}

/** The login from the secret if there is one, read again after it was refused; otherwise the configured URL. */
function databaseUrl({ url, secret, login: how }: PostgresSourceConfig, ports: SourcePorts) {
  const { environment, secrets, clock } = ports;
  const configured = () => resolve(url ?? env('DATABASE_URL'), environment);
  const server = () => (url !== undefined && isSet(url, environment) ? configured() : undefined);
  const login =
    how === 'iam'
      ? new CachedSecret({ secrets: { read: withRdsToken }, clock, name: configured }, (found) => found)
      : new CachedSecret({ secrets, clock, name: () => resolve(secret ?? '', environment) }, (found) =>
          databaseUrlIn(found, server()),
        );
  return async (wasRefused: boolean): Promise<string> => {
    if (how !== 'iam' && (secret === undefined || !isSet(secret, environment))) return configured();
    return wasRefused ? login.renewed() : login.current();
  };
}

function openRest(config: RestSourceConfig, ports: SourcePorts, redaction: Redaction): RestSource {
  const { environment, secrets, clock, log } = ports;
  const { api_key_secret } = config;
  const name = () => resolve(api_key_secret ?? '', environment);
  const key = api_key_secret && new CachedSecret({ secrets, clock, name }, apiKeyIn);
  const limiter = new RateLimiter(clock, config);
  const http = new UndiciClient(config);
  const api = new ApiClient({ http, config, key: key || undefined, limiter, random: Math.random, log, redaction });
  return new RestSource({ api, config, environment, clock, log });
}
