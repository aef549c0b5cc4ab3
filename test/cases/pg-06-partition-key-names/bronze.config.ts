import { defineConfig } from '@bronze/common/config';
import { env } from '@bronze/common/reference';

export default defineConfig({
  sources: { db: { type: 'postgres', url: env('DATABASE_URL') } },
  entities: {
    bookings: { source: 'db', table: 'public.bookings', event_date: 'event_date' },
    deliveries: { source: 'db', table: 'public.deliveries', event_date: 'Event_Date' },
  },
});
