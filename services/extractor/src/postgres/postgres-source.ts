import type { PostgresSourceConfig, TableEntity } from '@bronze/common/config/postgres';
import type { PendingLoad } from '@bronze/common/load/checkpoint';
import type { Log } from '@bronze/common/load/events';
import type { HighWatermark } from '@bronze/common/load/high-watermark';
import type { Claim, SliceReader, SliceStart, Source } from '@bronze/common/load/source';
import type { Clock } from '@bronze/common/ports/clock';
import type { Database } from './database.ts';
import { PostgresSlice } from './postgres-slice.ts';
import { sourceFailure } from './source-failure.ts';
import { checkKey, lockAndDescribe } from './table/described-table.ts';
import { readHighWatermark } from './window/high-watermark.ts';

export interface PostgresSourcePorts {
  readonly database: Database;
  readonly config: PostgresSourceConfig;
  readonly clock: Clock;
  readonly log: Log;
}

type OpenClaim = Pick<Claim, 'since' | 'exact_position'> & Partial<Pick<Claim, 'deadline'>>;

const FIRST_CLAIM: OpenClaim = { since: undefined };

/** Reads tables of one PostgreSQL database by COPY, each locked and read in one read-only transaction. */
export class PostgresSource implements Source {
  readonly system = 'rds';
  readonly #ports: PostgresSourcePorts;

  constructor(ports: PostgresSourcePorts) {
    this.#ports = ports;
  }

  /** Locks and checks the table, then reads its high watermark. @throws BronzeError */
  async readHighWatermark(entity: TableEntity, claim: OpenClaim = FIRST_CLAIM): Promise<HighWatermark> {
    const { database, clock, config } = this.#ports;
    try {
      const session = await database.open({ entity: entity.name, deadline: claim.deadline });
      try {
        const table = await lockAndDescribe(session, entity);
        if (table.key.is_unproven) await checkKey(session, entity, table.key);
        return await readHighWatermark({ session, clock, config, entity, table, claim });
      } finally {
        await session.close();
      }
    } catch (thrown) {
      throw sourceFailure(`reading ${entity.name}`, thrown);
    }
  }

  /** Connects when the first batch is asked for. */
  async openSlice(entity: TableEntity, load: PendingLoad, { position, deadline }: SliceStart): Promise<SliceReader> {
    return new PostgresSlice(this.#ports, { entity, load, position, deadline });
  }
}
