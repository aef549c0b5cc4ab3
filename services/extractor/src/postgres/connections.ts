import type { Log } from '@bronze/common/load/events';
import type { Clock, Deadline } from '@bronze/common/ports/clock';
import { BronzeError, isRetryable, toFailure } from '@bronze/common/words/failure';
import type { Asking, Database, Session } from './database.ts';
import { Outage } from './outage.ts';
import { Permits } from './permits.ts';
import { isConnectionLimit, isInterruption, sourceFailure } from './source-failure.ts';

/** The wait before the n-th further attempt is this times 2^(n - 1). */
const BACKOFF_MS = 250;
const BACKOFF_MS_MAX = 5000;
/** Waits are slept in pieces, so that Ctrl-C takes effect. */
const NAP_MS = 200;

/** How a process connects to its sources. */
export interface ConnectionPolicy {
  /** How long a source that can't be reached is waited for, counted from its first failure, in milliseconds. */
  readonly retry_for_ms: number;
  /** Whether a log-in that was refused is never tried again, because this process is one run. */
  readonly remembers_refusals: boolean;
}

export interface ConnectionPorts {
  /** The source's name in the configuration. */
  readonly source: string;
  readonly database: Database;
  readonly config: { readonly max_connections: number };
  readonly policy: ConnectionPolicy;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Everything that connects to one source in this process (decision 37): at most `max_connections` at a time, first come
 * first served; one alone until a first log-in has succeeded; a server that is away for a while is waited for.
 */
export class Connections implements Database {
  readonly #ports: ConnectionPorts;
  /** One until the first log-in succeeded: accounts are locked after a few that fail. */
  readonly #permits = new Permits(1);
  readonly #outage: Outage;
  #connected = 0;
  #limit: number;
  #refusal: BronzeError | undefined;
  #isWaitReported = false;

  constructor(ports: ConnectionPorts) {
    this.#ports = ports;
    this.#limit = ports.config.max_connections;
    this.#outage = new Outage(ports.clock, ports.policy.retry_for_ms);
  }

  /**
   * @throws BronzeError the source's failure to connect: at once if it is permanent, and without another attempt if the
   *   policy remembers it; otherwise when the wait for the source, or the invocation, is over
   */
  async open(asking: Asking): Promise<Session> {
    try {
      for (;;) {
        await this.#takePermit(asking);
        const session = await this.#connect(asking).catch((thrown: unknown) => {
          this.#permits.giveBack();
          throw thrown;
        });
        if (session) return this.#counted(session);
        this.#permits.giveBack();
      }
    } finally {
      asking.deadline?.waits?.(false);
    }
  }

  async #takePermit({ deadline }: Asking): Promise<void> {
    if (this.#permits.take()) return;
    const { clock, source } = this.#ports;
    deadline?.waits?.(true);
    const { granted, leave } = this.#permits.queue();
    const isGranted = granted.then(() => true);
    while (!(await Promise.race([isGranted, clock.sleep(NAP_MS).then(() => false)]))) {
      if (!deadline?.isNear()) continue;
      leave();
      throw noneFree(source, this.#permits.limit);
    }
  }

  /** @returns undefined if the server allows no more connections than this process has: ours have to end first */
  async #connect(asking: Asking): Promise<Session | undefined> {
    for (let attempt = 1; ; attempt += 1) {
      const known = this.#refusal ?? this.#outage.standing;
      if (known) throw known;
      try {
        const session = await this.#ports.database.open(asking);
        this.#reached(asking);
        return session;
      } catch (thrown) {
        if (isConnectionLimit(thrown) && this.#connected > 0) {
          this.#lowerLimit(asking);
          return undefined;
        }
        await this.#afterFailure(asking, attempt, this.#failureOf(thrown));
      }
    }
  }

  /** It names the source, also where the URL or the secret is wrong. */
  #failureOf(thrown: unknown): BronzeError {
    const doing = `connecting to ${this.#ports.source}`;
    if (!(thrown instanceof BronzeError)) return sourceFailure(doing, thrown);
    const { code, message, hint, retry_after_ms } = thrown;
    return new BronzeError(code, { message: `${doing}: ${message}`, hint, retry_after_ms }, thrown);
  }

  #counted(session: Session): Session {
    this.#connected += 1;
    let isOpen = true;
    return {
      quoting: session.quoting,
      rows: (sql, values) => session.rows(sql, values),
      copy: (sql) => session.copy(sql),
      close: async () => {
        try {
          await session.close();
        } finally {
          if (isOpen) {
            isOpen = false;
            this.#connected -= 1;
            this.#permits.giveBack();
          }
        }
      },
    };
  }

  #reached({ entity }: Asking): void {
    const lasted_ms = this.#outage.ended();
    this.#permits.setLimit(this.#limit);
    if (!this.#isWaitReported) return;
    this.#isWaitReported = false;
    const { log, source } = this.#ports;
    log.event({ kind: 'source_reached', entity, source, waited_seconds: lasted_ms / 1000 });
  }

  #lowerLimit({ entity }: Asking): void {
    if (this.#connected >= this.#limit) return;
    this.#limit = this.#connected;
    this.#permits.setLimit(this.#limit);
    const { log, source } = this.#ports;
    log.event({ kind: 'connections_lowered', entity, source, max_connections: this.#limit });
  }

  /** Waits before the next attempt. @throws the failure, if there is to be none */
  async #afterFailure(asking: Asking, attempt: number, failure: BronzeError): Promise<void> {
    if (!isRetryable(toFailure(failure)) && this.#ports.policy.remembers_refusals) this.#refusal = failure;
    if (!isInterruption(failure)) throw failure;
    const left_ms = this.#outage.failed(failure);
    if (left_ms === 0) throw failure;
    // A server needs a moment to end a session that was closed: that is no news.
    if (attempt > 1) this.#reportWait(asking, failure, left_ms);
    asking.deadline?.waits?.(true);
    const wait_ms = Math.min(left_ms, BACKOFF_MS_MAX, BACKOFF_MS * 2 ** (attempt - 1));
    if (!(await this.#sleep(wait_ms, asking.deadline))) throw failure;
  }

  #reportWait({ entity }: Asking, failure: BronzeError, left_ms: number): void {
    if (this.#isWaitReported) return;
    this.#isWaitReported = true;
    const { log, source } = this.#ports;
    const wait_seconds_max = Math.ceil(left_ms / 1000);
    log.event({ kind: 'source_waiting', entity, source, wait_seconds_max, failure: toFailure(failure) });
  }

  /** @returns false as soon as the invocation is about to end */
  async #sleep(wait_ms: number, deadline: Deadline | undefined): Promise<boolean> {
    for (let left_ms = wait_ms; left_ms > 0; left_ms -= NAP_MS) {
      if (deadline?.isNear()) return false;
      await this.#ports.clock.sleep(Math.min(NAP_MS, left_ms));
    }
    return !deadline?.isNear();
  }
}

function noneFree(source: string, limit: number): BronzeError {
  return new BronzeError('SOURCE_TIMEOUT', {
    message: `no connection to ${source} became free before the end of this invocation (max_connections ${limit})`,
    hint: 'Bronze continues later. If the database bears more connections, raise max_connections of the source.',
  });
}
