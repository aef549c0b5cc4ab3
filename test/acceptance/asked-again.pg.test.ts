import { defineConfig } from '@bronze/common/config';
import { SystemClock } from '@bronze/common/adapters/system-clock';
import { queuesFile } from '@bronze/runner/folder-state';
import { QueueDatabase } from '@bronze/common/adapters/local/local-queue';
import { runLocally } from '@bronze/runner/run-locally';
import { expect, test } from 'vitest';
import { newDatabase, newFolder } from '../database.ts';

test('a full load whose message is lost is requested again, as a full load', async () => {
  const url = await newDatabase(
    'CREATE TABLE things (id integer PRIMARY KEY, updated_at timestamptz DEFAULT now()); INSERT INTO things SELECT generate_series(1, 10)',
  );
  const out_dir = await newFolder();
  const config = defineConfig({
    sources: { db: { type: 'postgres', url } },
    entities: { things: { source: 'db', table: 'public.things' } },
  });
  let toLose: string | undefined;
  const log = {
    // The message has been sent when this event comes; it is deleted from its queue before anyone receives it.
    event: (event: { readonly kind: string; readonly entity: string }) => {
      if (event.kind !== 'planned' || event.entity !== toLose) return;
      const queues = new QueueDatabase({ path: queuesFile(out_dir), now_ms: Date.now, newId: () => '' });
      queues.run("DELETE FROM messages WHERE body LIKE '%things%'");
      queues.close();
      toLose = undefined;
    },
  };
  const options = { config, out_dir, engine: 'duckdb', environment: {}, clock: new SystemClock(), log } as const;
  const stop = new AbortController().signal;
  await runLocally(options, { stop });
  toLose = 'things';
  const { results } = await runLocally(options, { stop, entities: ['things'], load_type: 'full' });
  expect(results.flatMap(({ loads }) => loads.map(({ load_type, rows }) => [load_type, rows]))).toEqual([['full', 10]]);
});
