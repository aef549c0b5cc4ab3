import { defineConfig } from '@bronze/common/config';
import { env } from '@bronze/common/reference';

/** A library's two databases and two APIs. Each `env('…')` is a value that `app.ts` gives to the pipeline. */
export default defineConfig({
  sources: {
    // The secret is RDS's own, which has no host; the URL has it.
    lending: { type: 'postgres', url: env('LENDING_URL'), secret: env('LENDING_SECRET_ARN') },
    // IAM database authentication: there is no password at all.
    members: { type: 'postgres', login: 'iam', url: env('MEMBERS_URL') },
    catalogue: { type: 'rest', base_url: env('CATALOGUE_URL'), api_key_secret: env('CATALOGUE_KEY_ARN') },
    reviews: { type: 'rest', base_url: 'https://reviews.example.com' },
  },
  entities: {
    loans: { source: 'lending', table: 'public.loans', event_date: 'lent_on' },
    copies: { source: 'lending', table: 'public.copies' },
    members: { source: 'members', table: 'public.members' },
    books: {
      source: 'catalogue',
      endpoint: '/books',
      primary_key: ['isbn'],
      paging: { style: 'page', size: 200 },
    },
    reviews: {
      source: 'reviews',
      endpoint: '/reviews',
      primary_key: ['id'],
      paging: { style: 'none' },
      headers: { Authorization: env('REVIEWS_TOKEN') },
    },
  },
});
