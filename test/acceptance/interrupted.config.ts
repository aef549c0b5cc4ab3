import { defineConfig } from '@bronze/common/config';
import { env } from '@bronze/common/reference';

/** Loads of many small slices, for runs that are interrupted in the middle of one. */
const SMALL = { source: 'db', batch_rows: 50, task_rows: 100, slice_rows: 100 };

export default defineConfig({
  sources: { db: { type: 'postgres', url: env('DATABASE_URL') } },
  entities: {
    plain: { ...SMALL, table: 'public.things', cursor: null },
    things: { ...SMALL, table: 'public.things' },
    others: { ...SMALL, table: 'public.others' },
  },
});
