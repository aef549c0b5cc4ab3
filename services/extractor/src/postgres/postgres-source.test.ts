import { defineConfig, entityOf, isTable } from '@bronze/common/config';
import type { PipelineEvent } from '@bronze/common/load/events';
import { timestamp } from '@bronze/common/words/timestamp';
import { expect, test } from 'vitest';
import type { Session } from './database.ts';
import { PostgresSource } from './postgres-source.ts';

const config = defineConfig({
  sources: { db: { type: 'postgres', reconnects: 2 } },
  entities: { things: { source: 'db', table: 'public.things' } },
});

/** A claim on a server that shuts down under every session, or to which nothing connects. */
async function claim({ connects }: { readonly connects: boolean }) {
  const entity = entityOf(config, 'things');
  const source = config.sources['db'];
  if (source?.type !== 'postgres' || !isTable(entity)) throw new Error('the source is not PostgreSQL');
  const down = Object.assign(new Error('terminating connection'), { code: '57P01' });
  const happened: string[] = [];
  const session: Session = {
    quoting: { identifier: (name) => `"${name}"`, literal: (text) => `'${text}'` },
    rows: () => Promise.reject(down),
    copy: () => ({ chunks: (async function* () {})(), rowCount: async () => 0 }),
    close: async () => void happened.push('closed'),
  };
  const open = async () => {
    happened.push('opened');
    if (!connects) throw down;
    return session;
  };
  const clock = { now: () => timestamp('2024-01-15'), sleep: async (ms: number) => void happened.push(`${ms} ms`) };
  const log = { event: ({ kind }: PipelineEvent) => void happened.push(kind) };
  const reading = new PostgresSource({ database: { open }, config: source, clock, log }).readHighWatermark(entity);
  await expect(reading).rejects.toMatchObject({ code: 'SOURCE_INTERRUPTED' });
  return happened;
}

test('a claim whose connection is lost starts over, on one connection at a time', async () => {
  const lost = ['opened', 'closed', 'source_retried'];
  expect(await claim({ connects: true })).toEqual([...lost, '500 ms', ...lost, '1000 ms', 'opened', 'closed']);
});

test('a claim that can’t connect fails: what connects has waited already', async () => {
  expect(await claim({ connects: false })).toEqual(['opened']);
});
