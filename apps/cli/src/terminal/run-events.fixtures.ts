/** Events of a run, for tests of what it shows. */
import type { PipelineEvent } from '@bronze/common/load/events';
import { BronzeError, type FailureCode, toFailure } from '@bronze/common/words/failure';

export const failure = (code: FailureCode, message: string, hint = 'Look there.') =>
  toFailure(new BronzeError(code, { message, hint }));
export const load = (entity: string, slice = 0) => ({ entity, load_id: `load of ${entity}`, slice, attempt: 'a' });
export const planned = (entity: string): PipelineEvent => ({ kind: 'planned', ...load(entity), run_id: 'r' });
export const claimed = (entity: string, rows_estimated?: number): PipelineEvent => ({
  kind: 'load_claimed',
  ...load(entity),
  run_id: 'r',
  load_type: 'full',
  since: '',
  until: '',
  since_parameter: undefined,
  rows_estimated,
});
export const staged = (entity: string, rows: number): PipelineEvent => ({
  kind: 'batch_staged',
  ...load(entity),
  rows,
  bytes: 1,
});
export const committed = (entity: string, rows: number): PipelineEvent => ({
  kind: 'slice_committed',
  ...load(entity),
  rows,
  final: true,
});
export const written = (entity: string, rows: number): PipelineEvent => ({
  kind: 'task_written',
  ...load(entity),
  task: 0,
  rows,
  parts: 1,
  bytes: 1,
  rows_quarantined: 0,
});
export const completed = (entity: string, rows: number): PipelineEvent => ({
  kind: 'load_completed',
  ...load(entity),
  rows,
  rows_quarantined: 0,
  parts: 1,
  until: '',
});
export const retried = (entity: string): PipelineEvent => ({
  kind: 'source_retried',
  entity,
  attempt: 1,
  failure: failure('SOURCE_INTERRUPTED', `reading ${entity}: Connection terminated unexpectedly`),
});
export const unreachable = (entity: string): PipelineEvent => ({
  kind: 'source_waiting',
  entity,
  source: 'shop',
  wait_seconds_max: 60,
  failure: failure('SOURCE_UNREACHABLE', 'connecting to shop: connect ECONNREFUSED 127.0.0.1:5432'),
});
export const dead = (entity: string, why: ReturnType<typeof failure>): PipelineEvent => ({
  kind: 'message_failed',
  entity,
  receive_count: 1,
  is_dead: true,
  failure: why,
});
