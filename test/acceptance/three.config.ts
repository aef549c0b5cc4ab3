import { defineConfig } from '@bronze/common/config';
import { env } from '@bronze/common/reference';

export default defineConfig({
  sources: { db: { type: 'postgres', url: env('DATABASE_URL'), reconnects: 0 } },
  entities: {
    one: { source: 'db', table: 'public.one', batch_rows: 5000 },
    two: { source: 'db', table: 'public.two' },
    three: { source: 'db', table: 'public.three' },
    resting: { source: 'db', table: 'public.two', enabled: false },
  },
});
