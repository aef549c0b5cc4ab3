import { defineConfig } from '@bronze/common/config';
import { env } from '@bronze/common/reference';

/** The Sakila video shop: 14 tables with the cursor `last_update`, and payments with `payment_date`. */
export default defineConfig({
  sources: { sakila: { type: 'postgres', url: env('DATABASE_URL') } },
  entities: {
    actor: { source: 'sakila', table: 'public.actor', cursor: 'last_update' },
    address: { source: 'sakila', table: 'public.address', cursor: 'last_update' },
    category: { source: 'sakila', table: 'public.category', cursor: 'last_update' },
    city: { source: 'sakila', table: 'public.city', cursor: 'last_update' },
    country: { source: 'sakila', table: 'public.country', cursor: 'last_update' },
    customer: { source: 'sakila', table: 'public.customer', cursor: 'last_update', event_date: 'create_date' },
    film: { source: 'sakila', table: 'public.film', cursor: 'last_update' },
    film_actor: { source: 'sakila', table: 'public.film_actor', cursor: 'last_update' },
    film_category: { source: 'sakila', table: 'public.film_category', cursor: 'last_update' },
    inventory: { source: 'sakila', table: 'public.inventory', cursor: 'last_update' },
    language: { source: 'sakila', table: 'public.language', cursor: 'last_update' },
    payment: { source: 'sakila', table: 'public.payment', cursor: 'payment_date', event_date: 'payment_date' },
    rental: { source: 'sakila', table: 'public.rental', cursor: 'last_update', event_date: 'rental_date' },
    staff: { source: 'sakila', table: 'public.staff', cursor: 'last_update' },
    store: { source: 'sakila', table: 'public.store', cursor: 'last_update' },
  },
});
