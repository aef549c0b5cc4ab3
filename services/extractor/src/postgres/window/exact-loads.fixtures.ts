import { type Checkpoint, effectiveLoadType, type PendingLoad } from '@bronze/common/load/checkpoint';
import { finishLoad } from '@bronze/common/load/finish-load';
import { startLoad } from '@bronze/common/load/start-load';
import { execute } from '@bronze/emulators/embedded-postgres';
import type { PostgresSourceInput, TableEntityInput } from '@bronze/common/config/postgres';
import type { LoadType } from '@bronze/common/words/entity';
import { timestamp } from '@bronze/common/words/timestamp';
import { type Between, readInSlices, readOverlapping, rowsOf, sourceOf } from '../postgres-source.fixtures.ts';

type Row = Record<string, string | null>;

/** One entity's loads, one after another, with only the checkpoint's own transitions between them. */
export class Loads {
  checkpoint: Checkpoint | undefined;
  readonly reading: ReturnType<typeof sourceOf>;
  #count = 0;

  constructor(
    url: string,
    entity: Partial<TableEntityInput> = {},
    source: Partial<PostgresSourceInput> = {},
    isPatient = false,
  ) {
    this.reading = sourceOf(url, entity, source, isPatient);
  }

  async claim(load_type: LoadType = 'incremental'): Promise<PendingLoad> {
    const { source, entity } = this.reading;
    const hasCursor = entity.cursor !== null;
    const isFull = effectiveLoadType(this.checkpoint, load_type, hasCursor) === 'full';
    const since = isFull ? undefined : this.checkpoint?.last_sync_timestamp;
    const watermark = await source.readHighWatermark(entity, {
      since,
      exact_position: this.checkpoint?.exact_position,
      storage: this.checkpoint?.storage,
    });
    this.#count += 1;
    const load_id = `00000000-0000-8000-8000-${String(this.#count).padStart(12, '0')}`;
    const request = { entity: 'things', load_id, load_type };
    const started = startLoad(this.checkpoint, {
      request,
      waiting: [],
      hasCursor,
      watermark,
      now: timestamp('2024-01-15'),
    });
    this.checkpoint = started.checkpoint;
    return started.load;
  }

  async finish(load: PendingLoad, status: 'completed' | 'abandoned' = 'completed'): Promise<void> {
    const { load_id, until } = load;
    // As a store keeps it: JSON loses what is undefined.
    const stored = JSON.parse(JSON.stringify(this.checkpoint)) as Checkpoint;
    this.checkpoint = finishLoad(stored, { load_id, status, until, rows_in_bronze: 0 }, timestamp('2024-01-15'));
  }

  /** The rows of a load, read in slices, with `between` called after each of them. */
  async rows(load: PendingLoad, between?: Between): Promise<Row[]> {
    return rowsOf(await readInSlices(this.reading, load, between));
  }

  /** As {@link rows}, with the statements of all slices open at once. */
  async rowsOverlapping(load: PendingLoad, between: Between): Promise<Row[]> {
    return rowsOf(await readOverlapping(this.reading, load, between));
  }

  /** Claims, reads and finishes a load. Returns the values of `column` that it brought. */
  async load(load_type?: LoadType, column = 'id'): Promise<(string | null | undefined)[]> {
    const load = await this.claim(load_type);
    const rows = await this.rows(load);
    await this.finish(load);
    return rows.map((row) => row[column]);
  }
}

/** The URL of a new role that may only `SELECT` from `things`, and is a member of the role `grant` if that is given. */
export async function plainRole(url: string, grant = ''): Promise<string> {
  const login = new URL(url);
  const role = `plain_${login.pathname.slice(3, 25)}${grant}`;
  await execute(url, `CREATE ROLE ${role} LOGIN PASSWORD 'x'; GRANT SELECT ON things TO ${role}`);
  if (grant) await execute(url, `GRANT ${grant} TO ${role}`);
  login.username = role;
  login.password = 'x';
  return login.href;
}
