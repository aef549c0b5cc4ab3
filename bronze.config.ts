import { defineConfig } from '@bronze/common/config';
import { env } from '@bronze/common/reference';

/** The demo shop. Put your own tables in its place: docs/configuration.md says what an entity may say. */
export default defineConfig({
  sources: { shop: { type: 'postgres', url: env('DATABASE_URL') } },
  entities: {
    customers: { source: 'shop', table: 'public.customers' },
    products: { source: 'shop', table: 'public.products' },
    orders: { source: 'shop', table: 'public.orders', event_date: 'ordered_at' },
    order_items: { source: 'shop', table: 'public.order_items' },
  },
});
