import { defineConfig } from '@bronze/common/config';
import { timestamp } from '@bronze/common/words/timestamp';
import { runLocally } from '@bronze/runner/run-locally';
import { SystemClock } from '@bronze/common/adapters/system-clock';

/** One run with a fixed clock and load id, which may be killed at any moment: `node kill-run.ts URL FOLDER`. */
const [url = '', out_dir = ''] = process.argv.slice(2);

class FixedClock extends SystemClock {
  override now() {
    return timestamp('2024-01-15T10:35:00Z');
  }
}

const config = defineConfig({
  sources: { db: { type: 'postgres', url } },
  entities: {
    things: {
      source: 'db',
      table: 'public.things',
      event_date: 'made_at',
      batch_rows: 20_000,
      task_rows: 60_000,
      slice_rows: 200_000,
    },
  },
});

const { results } = await runLocally(
  {
    config,
    out_dir,
    engine: 'duckdb',
    environment: {},
    clock: new FixedClock(),
    log: {
      event: (event) => {
        if (event.kind !== 'message_failed') return;
        process.stderr.write(`${event.entity}: ${event.failure.code} ${event.failure.message}\n`);
      },
    },
  },
  { stop: new AbortController().signal, scheduled_at: timestamp('2024-01-15T10:30:00Z') },
);
process.exitCode = results.every(({ status }) => status === 'completed') ? 0 : 4;
