import { defineConfig } from '@bronze/common/config';
import { env } from '@bronze/common/reference';

/** The demo shop. Replace it with your own tables and APIs: docs/configuration.md lists every option of an entity. */
export default defineConfig({
  sources: {
    shop: { type: 'postgres', url: env('DATABASE_URL'), secret: env('RDS_SECRET_ARN') },
    payments_api: {
      type: 'rest',
      base_url: env('PAYMENTS_API_URL'),
      api_key_secret: env('API_KEY_SECRET_ARN'),
      // The demo's API shows changes at once. If yours may take longer, keep the default of 60 seconds.
      margin_seconds: 0,
      requests_per_second: 100,
    },
    shipments_api: {
      type: 'rest',
      base_url: env('SHIPMENTS_API_URL', 'PAYMENTS_API_URL'),
      api_key_secret: env('API_KEY_SECRET_ARN'),
      margin_seconds: 0,
      requests_per_second: 100,
    },
  },
  entities: {
    customers: { source: 'shop', table: 'public.customers' },
    products: { source: 'shop', table: 'public.products' },
    orders: { source: 'shop', table: 'public.orders', event_date: 'ordered_at' },
    order_items: { source: 'shop', table: 'public.order_items' },
    payments: {
      source: 'payments_api',
      endpoint: '/payments',
      records_path: 'data',
      primary_key: ['id'],
      event_date: 'created_at',
      paging: { style: 'cursor', cursor_path: 'meta.next_cursor', size: 1000 },
      columns: { amount: 'numeric(12,2)', fee: 'numeric(14,5)', created_at: 'timestamptz' },
    },
    shipments: {
      source: 'shipments_api',
      endpoint: '/shipments',
      records_path: 'data',
      primary_key: ['id'],
      paging: { style: 'next-link', link_path: 'links.next', size: 1000 },
      columns: { weight_kg: 'numeric(8,3)', shipped_at: 'timestamptz', delivered_at: 'timestamptz' },
    },
  },
});
