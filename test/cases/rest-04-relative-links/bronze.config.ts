import { defineConfig } from '@bronze/common/config';
import { env } from '@bronze/common/reference';

const paging = { style: 'next-link', link_path: 'next', size: 2 } as const;
const list = { source: 'api', records_path: 'data', primary_key: ['id'], paging };

export default defineConfig({
  sources: { api: { type: 'rest', base_url: env('API_URL'), attempts: 2, margin_seconds: 0 } },
  entities: {
    by_path: { ...list, endpoint: '/v1/by-path' },
    by_query: { ...list, endpoint: '/v1/by-query' },
    by_name: { ...list, endpoint: '/v1/by-name' },
  },
});
