import type { PostgresSourceConfig } from '@bronze/common/config/postgres';
import { BronzeError } from '@bronze/common/words/failure';
import pg from 'pg';

/** Everything arrives as the text PostgreSQL prints: no parser of `pg` ever touches a value. */
const TEXT_ONLY = { getTypeParser: () => (text: string) => text };

const CONNECT_TIMEOUT_MS = 10_000;
const LOCK_TIMEOUT_MS = 10_000;

/**
 * Settings that make values canonical text. `SET LOCAL`, because a pooler in transaction mode keeps nothing else. `row_security = off` turns a policy that would hide rows into an error.
 */
const SETTINGS = `SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'; SET LOCAL intervalstyle = 'iso_8601';
SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1; SET LOCAL client_encoding = 'UTF8';
SET LOCAL jit = off; SET LOCAL row_security = off; SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS};`;

/** Each statement takes a snapshot of its own: it must be younger than the table's lock. See `lockSql`. */
const BEGIN = 'BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED READ ONLY';

/** One connection with one open read-only transaction. */
export class PostgresSession {
  readonly client: pg.Client;
  readonly #idleMs: number;

  private constructor(client: pg.Client, idleMs: number) {
    this.client = client;
    this.#idleMs = idleMs;
  }

  static async open(url: string, config: PostgresSourceConfig): Promise<PostgresSession> {
    if (!/^postgres(?:ql)?:\/\//.test(url)) throw notAUrl();
    const client = new pg.Client({
      connectionString: url,
      application_name: 'bronze',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      types: TEXT_ONLY,
    });
    // Without a listener a lost connection would end the process; the query in flight reports it.
    client.on('error', () => undefined);
    await client.connect();
    const session = new PostgresSession(client, config.idle_timeout_seconds * 1000);
    try {
      const statement_timeout = `SET LOCAL statement_timeout = '${config.statement_timeout_seconds}s'`;
      await session.answered(client.query(`${BEGIN}; ${SETTINGS} ${statement_timeout}`));
      return session;
    } catch (thrown) {
      await session.close();
      throw thrown;
    }
  }

  /** Every value is text, or null. */
  async rows(sql: string, values: readonly string[]): Promise<Record<string, string | null>[]> {
    const result = await this.answered(this.client.query<Record<string, string | null>>(sql, [...values]));
    return result.rows;
  }

  /**
   * Waits for the server, but not for ever: a link that stalls raises nothing by itself.
   *
   * @throws BronzeError SOURCE_INTERRUPTED after the source's `idle_timeout_seconds`
   */
  async answered<T>(answer: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(silent(this.#idleMs)), this.#idleMs);
    });
    try {
      return await Promise.race([answer, silence]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the session; `pg` cuts the connection when the server is still sending. */
  async close(): Promise<void> {
    await this.client.end();
  }
}

/** What claims and proofs ask of a session. */
export type Queries = Pick<PostgresSession, 'rows'>;

function notAUrl(): BronzeError {
  return new BronzeError('CONFIG_INVALID', {
    message: 'the connection URL of the source does not begin with postgresql://',
    hint: 'Write it as postgresql://user:password@host:5432/database.',
  });
}

function silent(idleMs: number): BronzeError {
  return new BronzeError('SOURCE_INTERRUPTED', {
    message: `the database sent nothing for ${idleMs / 1000} s`,
    hint: 'It is retried from the last batch. Raise idle_timeout_seconds of the source if its queries start that slowly.',
  });
}
