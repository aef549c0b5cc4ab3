import { defineConfig } from '@bronze/common/config';
import { env } from '@bronze/common/reference';

const list = { source: 'api', primary_key: ['id'] };

export default defineConfig({
  sources: { api: { type: 'rest', base_url: env('API_URL'), attempts: 2, margin_seconds: 0 } },
  entities: {
    answers_400: { ...list, endpoint: '/400', paging: { style: 'page', size_param: 'per_page', size: 2 } },
    answers_422: { ...list, endpoint: '/422', paging: { style: 'page', size: 2 } },
    answers_404: { ...list, endpoint: '/404', paging: { style: 'page', size: 2 } },
  },
});
