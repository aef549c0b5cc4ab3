import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const SCRIPT = `
import { Telemetry } from ${JSON.stringify(join(import.meta.dirname, 'telemetry.ts'))};
const telemetry = new Telemetry('writer', 'shop-prod');
const load = { entity: 'orders', load_id: 'l-1', slice: 0 };
telemetry.event({ ...load, kind: 'task_written', task: 3, rows: 250, parts: 2, bytes: 4096, rows_quarantined: 1 });
telemetry.event({ entity: 'orders', load_id: 'l-1', kind: 'load_claimed', load_type: 'full', since: '', until: '', watermark_lag_seconds: 7.5 });
telemetry.event({ entity: 'orders', load_id: 'l-1', kind: 'window_fallback', reason: 'checkpoint_edited' });
const changes = [{ kind: 'added', column: 'vip', to: 'boolean' }, { kind: 'dropped', column: 'gone', from: 'text' }];
telemetry.event({ entity: 'orders', load_id: 'l-1', kind: 'schema_changed', changes });
const failed = (receive_count, code, kind) => telemetry.event({ kind: 'message_failed', entity: 'orders', receive_count,
  is_dead: false, failure: { code, kind, message: 'lost', hint: 'wait' } });
failed(2, 'SOURCE_INTERRUPTED', 'transient');
failed(6, 'STORE_UNREACHABLE', 'transient');
failed(1, 'TABLE_MISSING', 'permanent');
failed(2, 'UNEXPECTED', 'bug');
telemetry.event({ ...load, kind: 'task_written', task: 4, rows: 1, parts: 1, bytes: 1, rows_quarantined: 0 });
telemetry.measurePipeline('ScheduleSilentSeconds', 0, 'Seconds');
`;

interface Line {
  readonly message?: string;
  readonly level?: string;
  readonly _aws?: {
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly string[][];
      readonly Metrics: readonly { readonly Name: string }[];
    }[];
  };
  readonly [field: string]: unknown;
}

const printed = execFileSync(process.execPath, ['--input-type=module', '-e', SCRIPT], {
  stdio: ['ignore', 'pipe', 'pipe'],
});
const lines = printed
  .toString()
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Line);

/** The metrics with exactly these dimensions, each with the sum of its values. */
function sums(...dimensions: readonly string[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const line of lines) {
    const [metric] = line._aws?.CloudWatchMetrics ?? [];
    if (metric?.Dimensions[0]?.toSorted().join() !== dimensions.toSorted().join()) continue;
    for (const { Name } of metric.Metrics) found[Name] = (found[Name] ?? 0) + Number(line[Name]);
  }
  return found;
}

test('an event becomes a structured log line and metrics by entity, in CloudWatch’s embedded format', () => {
  for (const { _aws, pipeline } of lines.filter((line) => line._aws)) {
    expect(_aws?.CloudWatchMetrics).toHaveLength(1);
    expect(_aws?.CloudWatchMetrics[0]?.Namespace).toBe('Bronze');
    expect(pipeline).toBe('shop-prod');
  }
  expect(sums('pipeline', 'entity', 'service')).toEqual({
    RowsWritten: 251,
    BytesWritten: 4097,
    PartsWritten: 3,
    RowsQuarantined: 1,
    WatermarkLagSeconds: 7.5,
    WindowFallbacks: 1,
    SchemaChanges: 2,
    BatchItemFailures: 4,
    SourceUnreachable: 1,
    AwsUnreachable: 1,
    PermanentFailures: 1,
    RepeatedFailures: 1,
  });
  for (const line of lines.filter(({ RowsWritten }) => RowsWritten !== undefined))
    expect(line).toMatchObject({ entity: 'orders', service: 'writer' });
  expect(lines.find(({ message }) => message === 'task_written')).toMatchObject({
    level: 'INFO',
    entity: 'orders',
    load_id: 'l-1',
    task: 3,
  });
});

test('what alarms look at is also there by the pipeline alone, each with its own count', () => {
  expect(sums('pipeline')).toEqual({
    RowsQuarantined: 1,
    SchemaChanges: 2,
    ScheduleSilentSeconds: 0,
    SourceUnreachable: 1,
    AwsUnreachable: 1,
    PermanentFailures: 1,
    RepeatedFailures: 1,
  });
});
