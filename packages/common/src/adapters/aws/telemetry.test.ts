import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const SCRIPT = `
import { Telemetry } from ${JSON.stringify(join(import.meta.dirname, 'telemetry.ts'))};
const telemetry = new Telemetry('writer');
const load = { entity: 'orders', load_id: 'l-1', slice: 0 };
telemetry.event({ ...load, kind: 'task_written', task: 3, rows: 250, parts: 2, bytes: 4096, rows_quarantined: 1 });
telemetry.event({ entity: 'orders', load_id: 'l-1', kind: 'load_claimed', load_type: 'full', since: '', until: '', watermark_lag_seconds: 7.5 });
telemetry.event({ entity: 'orders', load_id: 'l-1', kind: 'window_fallback', reason: 'checkpoint_edited' });
const changes = [{ kind: 'added', column: 'vip', to: 'boolean' }, { kind: 'dropped', column: 'gone', from: 'text' }];
telemetry.event({ entity: 'orders', load_id: 'l-1', kind: 'schema_changed', changes });
telemetry.event({ kind: 'message_failed', entity: 'orders', receive_count: 2, is_dead: false,
  failure: { code: 'SOURCE_INTERRUPTED', kind: 'transient', message: 'lost', hint: 'wait' } });
`;

interface Line {
  readonly message?: string;
  readonly level?: string;
  readonly _aws?: {
    readonly CloudWatchMetrics: readonly { readonly Namespace: string; readonly Dimensions: readonly string[][] }[];
  };
  readonly [field: string]: unknown;
}

test('an event becomes a structured log line and metrics by entity, in CloudWatch’s embedded format', () => {
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', SCRIPT], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines = printed
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  const metrics = lines.filter(({ _aws }) => _aws);
  for (const { _aws, entity, service } of metrics) {
    expect(_aws?.CloudWatchMetrics[0]?.Namespace).toBe('Bronze');
    expect(_aws?.CloudWatchMetrics[0]?.Dimensions[0]?.toSorted()).toEqual(['entity', 'service']);
    expect([entity, service]).toEqual(['orders', 'writer']);
  }
  const values = Object.assign({}, ...metrics) as Line;
  expect(values).toMatchObject({ RowsWritten: 250, BytesWritten: 4096, PartsWritten: 2, RowsQuarantined: 1 });
  expect(values).toMatchObject({ WatermarkLagSeconds: 7.5, WindowFallbacks: 1, SchemaChanges: 2 });
  expect(lines.find(({ message }) => message === 'task_written')).toMatchObject({
    level: 'INFO',
    entity: 'orders',
    load_id: 'l-1',
    task: 3,
  });
  expect(values['BatchItemFailures']).toBe(1);
});
