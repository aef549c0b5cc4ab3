import { defineConfig } from '@bronze/common/config';
import { env } from '@bronze/common/reference';

const list = { source: 'api', records_path: 'data', primary_key: ['id'], paging: { style: 'none' as const } };

export default defineConfig({
  sources: { api: { type: 'rest', base_url: env('API_URL'), attempts: 2, margin_seconds: 0 } },
  entities: {
    new_york: { ...list, endpoint: '/new-york', since: null },
    tokyo: { ...list, endpoint: '/tokyo', since: null },
  },
});
