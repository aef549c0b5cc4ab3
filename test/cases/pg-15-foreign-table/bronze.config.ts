import { defineConfig } from '@bronze/common/config';
import { env } from '@bronze/common/reference';

export default defineConfig({
  sources: { db: { type: 'postgres', url: env('DATABASE_URL') } },
  entities: {
    orders: { source: 'db', table: 'public.orders', primary_key: ['id'], batch_rows: 1, slice_rows: 1 },
  },
});
