import { defineConfig } from '@bronze/common/config';
import { env } from '@bronze/common/reference';

export default defineConfig({
  sources: { db: { type: 'postgres', url: env('DATABASE_URL') } },
  entities: {
    t1: { source: 'db', table: 'public.t1' },
    t2: { source: 'db', table: 'public.t2' },
    t3: { source: 'db', table: 'public.t3' },
    t4: { source: 'db', table: 'public.t4' },
    t5: { source: 'db', table: 'public.t5' },
    t6: { source: 'db', table: 'public.t6' },
  },
});
