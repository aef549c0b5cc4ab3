import type { Entity } from '@bronze/common/config';
import type { RawBatch } from '@bronze/common/load/source';
import { BronzeError } from '@bronze/common/words/failure';
import type { Session } from '../database.ts';
import type { CopyPlan } from './copy-sql.ts';
import { CopyTranscoder } from './copy-transcoder.ts';

/**
 * Runs a COPY and yields its rows as batches.
 *
 * @throws BronzeError ROW_COUNT_MISMATCH if the server says that it sent another number of rows; or what
 *   {@link CopyTranscoder} throws; or the driver's error
 */
export async function* copyBatches(
  session: Pick<Session, 'copy'>,
  entity: Entity,
  plan: CopyPlan,
): AsyncGenerator<RawBatch> {
  const { batch_rows, batch_bytes } = entity;
  const transcoder = new CopyTranscoder({
    entity: entity.name,
    columns: plan.json_columns,
    position_fields: plan.position_fields,
    order: plan.order,
    batch_rows,
    batch_bytes,
  });
  const copy = session.copy(plan.sql);
  for await (const chunk of copy.chunks) yield* transcoder.push(chunk);
  const sent = await copy.rowCount();
  if (sent !== transcoder.rows_total) {
    throw new BronzeError('ROW_COUNT_MISMATCH', {
      message: `the server sent ${sent} rows of ${entity.name}, but ${transcoder.rows_total} arrived`,
      hint: 'Bronze retries it from the last whole batch.',
    });
  }
  yield* transcoder.finish();
}
