import { defineConfig } from '@bronze/common/config';
import { env } from '@bronze/common/reference';

export default defineConfig({
  sources: { db: { type: 'postgres', url: env('DATABASE_URL'), margin_seconds: 0 } },
  entities: {
    mv: { source: 'db', table: 'public.mv', primary_key: ['id'] },
    v: { source: 'db', table: 'public.v', primary_key: ['id'] },
  },
});
