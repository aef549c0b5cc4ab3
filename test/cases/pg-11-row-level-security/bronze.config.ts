import { defineConfig } from '@bronze/common/config';
import { env } from '@bronze/common/reference';

export default defineConfig({
  sources: { db: { type: 'postgres', url: env('DATABASE_URL') } },
  entities: {
    direct: { source: 'db', table: 'public.t' },
    by_view: { source: 'db', table: 'public.v', primary_key: ['id'], cursor: null },
    by_invoker: { source: 'db', table: 'public.vi', primary_key: ['id'], cursor: null },
  },
});
