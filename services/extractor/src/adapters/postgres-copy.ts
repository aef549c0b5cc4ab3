import type { Entity } from '@bronze/common/config';
import { BronzeError } from '@bronze/common/words/failure';
import type { RawBatch } from '@bronze/common/load/source';
import { to as copyTo } from 'pg-copy-streams';
import { CopyTranscoder } from '../postgres/copy/copy-transcoder.ts';
import type { CopyPlan } from '../postgres/copy/copy-sql.ts';
import type { PostgresSession } from './postgres-session.ts';

/**
 * Runs a COPY and yields its rows as batches.
 *
 * @throws BronzeError ROW_COUNT_MISMATCH when the server says it sent another number of rows
 */
export async function* copyBatches(session: PostgresSession, entity: Entity, plan: CopyPlan): AsyncGenerator<RawBatch> {
  const { batch_rows, batch_bytes } = entity;
  const transcoder = new CopyTranscoder({
    entity: entity.name,
    columns: plan.json_columns,
    position_fields: plan.position_fields,
    order: plan.order,
    batch_rows,
    batch_bytes,
  });
  const stream = session.client.query(copyTo(plan.sql));
  const chunks: AsyncIterator<Buffer> = stream[Symbol.asyncIterator]();
  for (;;) {
    const chunk = await session.answered(chunks.next());
    if (chunk.done) break;
    yield* transcoder.push(chunk.value);
  }
  // The stream ends before the server's CommandComplete, which carries its count: the next query waits for it.
  await session.rows('SELECT 1 AS done', []);
  if (stream.rowCount !== transcoder.rows_total) {
    throw new BronzeError('ROW_COUNT_MISMATCH', {
      message: `the server sent ${stream.rowCount} rows of ${entity.name}, ${transcoder.rows_total} arrived`,
      hint: 'It is tried again from the last whole batch.',
    });
  }
  yield* transcoder.finish();
}
