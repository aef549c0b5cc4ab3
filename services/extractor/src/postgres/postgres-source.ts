import type { PostgresSourceConfig, TableEntity } from '@bronze/common/config/postgres';
import type { PendingLoad } from '@bronze/common/load/checkpoint';
import type { Log } from '@bronze/common/load/events';
import type { HighWatermark } from '@bronze/common/load/high-watermark';
import type { Claim, SliceReader, SliceStart, Source } from '@bronze/common/load/source';
import type { Clock, Deadline } from '@bronze/common/ports/clock';
import type { BronzeError } from '@bronze/common/words/failure';
import type { Database, Session } from './database.ts';
import { PostgresSlice } from './postgres-slice.ts';
import { pauseAfter } from './reconnect.ts';
import { isInterruption, sourceFailure } from './source-failure.ts';
import { checkKey, lockAndDescribe } from './table/described-table.ts';
import { readHighWatermark } from './window/high-watermark.ts';

export interface PostgresSourcePorts {
  readonly database: Database;
  readonly config: PostgresSourceConfig;
  readonly clock: Clock;
  readonly log: Log;
}

type OpenClaim = Pick<Claim, 'since' | 'exact_position' | 'storage'> & Partial<Pick<Claim, 'deadline'>>;

const FIRST_CLAIM: OpenClaim = { since: undefined };

/** Reads tables of one PostgreSQL database by COPY, each locked and read in one read-only transaction. */
export class PostgresSource implements Source {
  readonly system = 'rds';
  readonly #ports: PostgresSourcePorts;

  constructor(ports: PostgresSourcePorts) {
    this.#ports = ports;
  }

  /**
   * Locks and checks the table, then reads its high watermark. If the connection is lost meanwhile, it starts over.
   * @throws BronzeError
   */
  async readHighWatermark(entity: TableEntity, claim: OpenClaim = FIRST_CLAIM): Promise<HighWatermark> {
    const { name } = entity;
    for (let attempt = 1; ; attempt += 1) {
      const session = await this.#open(name, claim.deadline);
      let failure: BronzeError;
      try {
        return await this.#read(session, entity, claim);
      } catch (thrown) {
        failure = sourceFailure(`reading ${name}`, thrown);
        const isOver = attempt > this.#ports.config.reconnects || claim.deadline?.isNear();
        if (isOver || !isInterruption(failure)) throw failure;
      } finally {
        await session.close();
      }
      await pauseAfter(failure, this.#ports, { entity: name, attempt });
    }
  }

  /** Its failures are final: `connections.ts` has waited. */
  async #open(entity: string, deadline: Deadline | undefined): Promise<Session> {
    try {
      return await this.#ports.database.open({ entity, deadline });
    } catch (thrown) {
      throw sourceFailure(`reading ${entity}`, thrown);
    }
  }

  async #read(session: Session, entity: TableEntity, claim: OpenClaim): Promise<HighWatermark> {
    const { clock, config } = this.#ports;
    const table = await lockAndDescribe(session, entity);
    if (table.key.is_unproven) await checkKey(session, entity, table);
    return readHighWatermark({ session, clock, config, entity, table, claim });
  }

  /** Connects when the first batch is asked for. */
  async openSlice(entity: TableEntity, load: PendingLoad, { position, deadline }: SliceStart): Promise<SliceReader> {
    return new PostgresSlice(this.#ports, { entity, load, position, deadline });
  }
}
