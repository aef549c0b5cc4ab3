import { defineConfig } from '@bronze/common/config';
import { env } from '@bronze/common/reference';

/** An API with two lists, which `terminal.test.ts` runs. */
export default defineConfig({
  sources: { api: { type: 'rest', base_url: env('TERMINAL_API_URL'), margin_seconds: 0, requests_per_second: 10_000 } },
  entities: Object.fromEntries(
    ['payments', 'shipments'].map((name) => [
      name,
      {
        source: 'api',
        endpoint: `/${name}`,
        records_path: 'data',
        primary_key: ['id'],
        cursor: 'updated_at',
        paging: { style: 'page', page_param: 'page', size_param: 'limit', size: 500 },
        batch_rows: 500,
        slice_rows: 500,
      },
    ]),
  ),
});
