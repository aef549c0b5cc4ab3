import { defineConfig } from '@bronze/common/config';
import { env } from '@bronze/common/reference';

export default defineConfig({
  sources: { db: { type: 'postgres', url: env('DATABASE_URL') } },
  entities: {
    t: { source: 'db', table: 'public.t', batch_rows: 1000, task_rows: 4000 },
  },
});
