import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PostgresSourceConfig } from '@bronze/common/config/postgres';
import { BronzeError } from '@bronze/common/words/failure';
import pg, { escapeIdentifier, escapeLiteral } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { Copy, Database, Quoting, Row, Session } from '../postgres/database.ts';
import { checkedUrl } from '../postgres/database-url.ts';
import { OWN_SEARCH_PATH_SQL } from '../postgres/table/search-path.ts';

/** Every value arrives as the text that PostgreSQL prints: no parser of `pg` touches it. */
const TEXT_ONLY = { getTypeParser: () => (text: string) => text };

const CONNECT_TIMEOUT_MS = 10_000;
const LOCK_TIMEOUT_MS = 10_000;
/** A server that is there closes within a round trip. */
const CLOSE_TIMEOUT_MS = 5000;

/** SQLSTATE: invalid_password. */
const PASSWORD_REFUSED = '28P01';

/** Each statement takes its own snapshot, which must be newer than the table's lock (decision 34). */
const BEGIN = 'BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED READ ONLY';

/**
 * What a role or a database may set otherwise, and what it would change: names and functions that are found, how values
 * print, how literals are read, which rows a query finds, and how long it may wait. `SET LOCAL`, because a pooler in
 * transaction mode keeps no other settings. `row_security = off` turns a policy that would hide rows into an error.
 *
 * `money` is a whole number of the smallest unit of its locale. In `C` that is a hundredth, so it is set only where it
 * is one anyway: 1234 yen must not become 12.34.
 */
const SETTINGS = `${OWN_SEARCH_PATH_SQL};
SET LOCAL timezone = 'UTC'; SET LOCAL timezone_abbreviations = 'Default'; SET LOCAL datestyle = 'ISO, YMD';
SET LOCAL intervalstyle = 'iso_8601'; SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 3;
SET LOCAL xmlbinary = 'base64'; SET LOCAL client_encoding = 'UTF8'; SET LOCAL quote_all_identifiers = off;
SET LOCAL standard_conforming_strings = on; SET LOCAL array_nulls = on;
SET LOCAL row_security = off; SET LOCAL gin_fuzzy_search_limit = 0;
SET LOCAL exit_on_error = off; SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS};
SELECT set_config('lc_monetary', 'C', true) WHERE scale(1::money::numeric) = 2;`;

export const QUOTING: Quoting = { identifier: escapeIdentifier, literal: escapeLiteral };

export interface PgDatabaseOptions {
  /** Gives the connection URL, which is never printed. It is called again, with `true`, after a refused password. */
  readonly url: (wasRefused: boolean) => Promise<string>;
  readonly config: Pick<PostgresSourceConfig, 'idle_timeout_seconds' | 'statement_timeout_seconds'>;
}

/** A PostgreSQL database, through `pg`. */
export class PgDatabase implements Database {
  readonly #options: PgDatabaseOptions;

  constructor(options: PgDatabaseOptions) {
    this.#options = options;
  }

  /**
   * Connects. If the password is refused, it asks for the URL once more, because it may just have been rotated. The same
   * one is not tried twice, because servers count refusals.
   */
  async open(): Promise<PgSession> {
    const { url, config } = this.#options;
    const current = await url(false);
    try {
      return await PgSession.open(current, config);
    } catch (thrown) {
      if (Reflect.get(Object(thrown), 'code') !== PASSWORD_REFUSED) throw thrown;
      const renewed = await url(true);
      if (renewed === current) throw thrown;
      return PgSession.open(renewed, config);
    }
  }
}

class PgSession implements Session {
  readonly quoting = QUOTING;
  readonly #client: pg.Client;
  readonly #idleMs: number;

  private constructor(client: pg.Client, idleMs: number) {
    this.#client = client;
    this.#idleMs = idleMs;
  }

  static async open(url: string, config: PgDatabaseOptions['config']): Promise<PgSession> {
    const client = clientOf(checkedUrl(url, process.env['PGHOST'] ?? ''));
    // Without a listener, a lost connection would end the process. The query in flight reports it.
    client.on('error', () => undefined);
    const session = new PgSession(client, config.idle_timeout_seconds * 1000);
    await client.connect().catch((thrown: unknown) => {
      // Where `pg` gives up, the server may still wait for an answer, and the socket would keep this process alive.
      session.#socket()?.destroy();
      throw thrown;
    });
    try {
      const statement_timeout = `SET LOCAL statement_timeout = '${config.statement_timeout_seconds}s'`;
      await session.#answered(client.query(`${BEGIN}; ${SETTINGS} ${statement_timeout}`));
      return session;
    } catch (thrown) {
      await session.close();
      throw thrown;
    }
  }

  async rows(sql: string, values: readonly string[]): Promise<Row[]> {
    const result = await this.#answered(this.#client.query<Record<string, string | null>>(sql, [...values]));
    return result.rows;
  }

  copy(sql: string): Copy {
    const stream = this.#client.query(copyTo(sql));
    return {
      chunks: this.#chunksOf(stream),
      rowCount: async () => {
        // The stream ends before the server's CommandComplete, which has the count. The next query waits for it.
        await this.rows('SELECT 1 AS done', []);
        return stream.rowCount ?? undefined;
      },
    };
  }

  /**
   * Ends the session; `pg` closes the connection if the server is still sending. A pooler or a middlebox that takes the
   * goodbye and never closes is not waited for.
   */
  async close(): Promise<void> {
    const ended = this.#client.end();
    const isOver = await Promise.race([
      ended.then(() => true),
      sleep(Math.min(CLOSE_TIMEOUT_MS, this.#idleMs), false, { ref: false }),
    ]);
    if (!isOver) this.#socket()?.destroy();
  }

  /** `pg` has no public way to cut a connection. */
  #socket(): Socket | undefined {
    const stream: unknown = Reflect.get(Object(Reflect.get(this.#client, 'connection')), 'stream');
    return stream instanceof Socket ? stream : undefined;
  }

  async *#chunksOf(stream: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
    const chunks = stream[Symbol.asyncIterator]();
    for (;;) {
      const chunk = await this.#answered(chunks.next());
      if (chunk.done) return;
      yield chunk.value;
    }
  }

  /**
   * Waits for the server, with a limit, because a stalled link raises no error.
   *
   * @throws BronzeError SOURCE_INTERRUPTED after the source's `idle_timeout_seconds`
   */
  async #answered<T>(answer: Promise<T>): Promise<T> {
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
}

/** @throws BronzeError CONFIG_INVALID without the driver's message, which may repeat a part of the URL */
function clientOf(url: string): pg.Client {
  try {
    return new pg.Client({
      connectionString: url,
      application_name: 'bronze',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      types: TEXT_ONLY,
    });
  } catch (thrown) {
    const code: unknown = Reflect.get(Object(thrown), 'code');
    const isFile = code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR';
    throw new BronzeError('CONFIG_INVALID', {
      message: isFile
        ? `a file that the connection URL of the source names can’t be read (${code})`
        : 'the connection URL of the source can’t be used',
      hint: isFile
        ? 'Check sslrootcert, sslcert and sslkey in the URL.'
        : 'Check its port and its parameters. Write it as postgresql://user:password@host:5432/database.',
    });
  }
}

function silent(idleMs: number): BronzeError {
  return new BronzeError('SOURCE_INTERRUPTED', {
    message: `the database sent nothing for ${idleMs / 1000} s`,
    hint: 'Bronze retries from the last batch. If queries start that slowly, raise idle_timeout_seconds of the source.',
  });
}
