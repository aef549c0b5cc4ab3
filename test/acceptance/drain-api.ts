/**
 * Reads a list of an API to its end, as the extractor does, and prints how much memory that took, as JSON. Run by
 * rest-memory.test.ts.
 */
import { defineConfig, entityOf } from '@bronze/common/config';
import { timestamp } from '@bronze/common/words/timestamp';
import { openSource } from '@bronze/extractor/adapters/open-source';
import { SystemClock } from '@bronze/common/adapters/system-clock';

const config = defineConfig({
  sources: { api: { type: 'rest', base_url: process.argv[2] ?? '', requests_per_second: 100_000 } },
  entities: {
    numbers: {
      source: 'api',
      endpoint: '/numbers',
      records_path: 'data',
      primary_key: ['id'],
      paging: { style: 'cursor', cursor_path: 'meta.next_cursor', size: 1000 },
    },
  },
});
const source = config.sources['api'];
if (!source) throw new Error('the configuration has a source');
const deadline = { isNear: () => false, remainingMs: () => Infinity };
const api = openSource(source, {
  environment: {},
  secrets: { read: () => Promise.reject(new Error('this API needs no secret')) },
  clock: new SystemClock(),
  log: { event: () => undefined },
});
const load = {
  load_id: '00000000-0000-8000-8000-000000000001',
  load_type: 'full',
  since: timestamp('1970-01-01'),
  until: timestamp('2026-01-01'),
  ingested_at: timestamp('2026-01-01'),
} as const;
const start = { position: undefined, knownColumns: async () => [], deadline };
const reader = await api.openSlice(entityOf(config, 'numbers'), load, start);
let rows = 0;
let bytes = 0;
for await (const batch of reader.batches) {
  rows += batch.rows;
  bytes += batch.ndjson.length;
}
process.stdout.write(JSON.stringify({ rows, bytes, peak_rss_mb: Math.round(process.resourceUsage().maxRSS / 1024) }));
