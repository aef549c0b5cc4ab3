import { defineConfig } from '@bronze/common/config';
import { env } from '@bronze/common/reference';

/** An API with one small list under two names, which the tests of recovery commands load. */
export default defineConfig({
  sources: {
    api: {
      type: 'rest',
      base_url: env('PAYMENTS_API_URL'),
      api_key_secret: env('API_KEY_SECRET_ARN'),
      margin_seconds: 0,
    },
  },
  entities: Object.fromEntries(
    ['payments', 'refunds'].map((name) => [
      name,
      {
        source: 'api',
        endpoint: '/things',
        records_path: 'data',
        primary_key: ['id'],
        paging: { style: 'cursor', cursor_path: 'meta.next_cursor', size: 20 },
        columns: { amount: 'numeric(12,3)' },
      },
    ]),
  ),
});
