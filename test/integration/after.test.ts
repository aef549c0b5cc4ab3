import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitCodeOfRun } from '@bronze/cli/exit-code';
import { defineConfig } from '@bronze/common/config';
import type { PipelineEvent } from '@bronze/common/load/events';
import { MovingList } from '@bronze/demo/source-api/api-record';
import { LoopbackServer } from '@bronze/demo/source-api/loopback-server';
import { SourceApi } from '@bronze/demo/source-api/source-api';
import { runLocally } from '@bronze/runner/run-locally';
import { expect, onTestFinished, test } from 'vitest';
import { PAGINGS, recordOf } from './rest-world.ts';

const AFTER: Readonly<Record<string, readonly string[]>> = {
  items: ['orders', 'products'],
  orders: ['customers'],
  customers: [],
  products: [],
  refunds: ['payments'],
  payments: [],
};

/** @param missing entities whose endpoint the API does not have */
async function open(...missing: string[]) {
  const list = new MovingList(Array.from({ length: 60 }, (_, n) => recordOf(n)));
  const present = Object.keys(AFTER).filter((name) => !missing.includes(name));
  const lists = Object.fromEntries(present.map((name) => [`/${name}`, () => list]));
  const server = await LoopbackServer.start(new SourceApi({ lists, apiKey: async () => undefined }));
  onTestFinished(() => server.stop());
  const out_dir = await mkdtemp(join(tmpdir(), 'bronze-after-'));
  const config = defineConfig({
    sources: { api: { type: 'rest', base_url: server.url, margin_seconds: 0, requests_per_second: 10_000 } },
    entities: Object.fromEntries(
      Object.entries(AFTER).map(([name, after]) => [
        name,
        {
          source: 'api',
          endpoint: `/${name}`,
          records_path: 'data',
          primary_key: ['id'],
          paging: PAGINGS.cursor,
          // Several slices, so that a load is in flight for some time.
          batch_rows: 20,
          slice_rows: 20,
          ...(after.length > 0 && { after: [...after] }),
        },
      ]),
    ),
  });
  return async (...entities: string[]) => {
    const events: PipelineEvent[] = [];
    const report = await runLocally(
      { config, out_dir, engine: 'duckdb', environment: {}, log: { event: (event) => events.push(event) } },
      { stop: new AbortController().signal, entities: entities.length > 0 ? entities : undefined },
    );
    const at = (kind: PipelineEvent['kind'], entity: string) =>
      events.findIndex((event) => event.kind === kind && event.entity === entity);
    return { report, at };
  };
}

test('an entity is claimed once all that it is loaded after have completed, whatever their order in the configuration', async () => {
  const run = await open();
  for (const when of ['first run', 'second run']) {
    const { report, at } = await run();
    expect(
      report.results.map(({ status }) => status),
      when,
    ).toEqual(Array(6).fill('completed'));
    for (const [entity, after] of Object.entries(AFTER)) {
      expect(at('load_claimed', entity), when).toBeGreaterThanOrEqual(0);
      for (const other of after)
        expect(at('load_claimed', entity), `${entity} after ${other}, ${when}`).toBeGreaterThan(
          at('load_completed', other),
        );
    }
  }
});

test('what an entity is loaded after holds it up only if the run loads it too', async () => {
  const run = await open('customers');
  const { report } = await run('orders');
  expect(report.results.map(({ entity, status }) => [entity, status])).toEqual([['orders', 'completed']]);
});

test('once one failed, what is loaded after it is skipped, and nothing else', async () => {
  const run = await open('customers');
  const { report, at } = await run();
  const ends = report.results.map(({ entity, status, skipped_because }) => [entity, status, skipped_because]);
  expect(Object.fromEntries(ends.map(([entity, ...rest]) => [entity, rest]))).toEqual({
    items: ['skipped', 'orders'],
    orders: ['skipped', 'customers'],
    customers: ['failed', undefined],
    products: ['completed', undefined],
    refunds: ['completed', undefined],
    payments: ['completed', undefined],
  });
  expect(at('load_claimed', 'orders')).toBe(-1);
  expect(at('load_claimed', 'items')).toBe(-1);
  expect(exitCodeOfRun(report.results)).toBe(4);
});
