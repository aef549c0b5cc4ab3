import { defineConfig } from '@bronze/common/config';
import { env } from '@bronze/common/reference';

const list = { source: 'api', records_path: 'data', primary_key: ['id'], paging: { style: 'none' as const } };

export default defineConfig({
  sources: { api: { type: 'rest', base_url: env('API_URL'), attempts: 2, margin_seconds: 0 } },
  entities: {
    milliseconds: { ...list, endpoint: '/milliseconds', columns: { updated_at: 'unix_milliseconds' } },
    undeclared: { ...list, endpoint: '/milliseconds' },
    mail_dates: { ...list, endpoint: '/mail-dates' },
    nanoseconds: { ...list, endpoint: '/nanoseconds' },
  },
});
