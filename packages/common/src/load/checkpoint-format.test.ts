import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { checkpointSchema } from './checkpoint.ts';
import { sinceParameterSchema } from './high-watermark.ts';

const LOAD_ID = '7b0c1d2e-1111-8222-8333-444455556666';
const WRITTEN = {
  last_sync_timestamp: '2024-01-15',
  record_count: 250,
  updated_at: '2024-01-15 10:35',
  last_load_id: LOAD_ID,
  note: 'moved by hand',
  pending_load: {
    load_id: LOAD_ID,
    load_type: 'incremental',
    since: '2024-01-15',
    until: '2024-01-16T02:00+02',
    ingested_at: '2024-01-16',
    window_basis: 'margin',
    since_parameter: 'sent',
    run_id: LOAD_ID,
    previous_load_id: LOAD_ID,
    ticket: 'OPS-7',
  },
  next_requests: [{ entity: 'orders', load_id: LOAD_ID }],
};

test('hand-written timestamps are read as UTC with microseconds, and unknown fields survive', () => {
  expect(z.parse(checkpointSchema, WRITTEN)).toEqual({
    ...WRITTEN,
    last_sync_timestamp: '2024-01-15T00:00:00.000000Z',
    updated_at: '2024-01-15T10:35:00.000000Z',
    pending_load: {
      ...WRITTEN.pending_load,
      since: '2024-01-15T00:00:00.000000Z',
      until: '2024-01-16T00:00:00.000000Z',
      ingested_at: '2024-01-16T00:00:00.000000Z',
    },
  });
});

test('only a pending load has required fields', () => {
  expect(z.parse(checkpointSchema, {})).toEqual({});
  const { window_basis: _, since_parameter: __, run_id: ___, previous_load_id: ____, ...least } = WRITTEN.pending_load;
  expect(z.safeParse(checkpointSchema, { pending_load: least }).success).toBe(true);
  for (const field of Object.keys(least).filter((name) => name !== 'ticket')) {
    const without = Object.fromEntries(Object.entries(least).filter(([name]) => name !== field));
    expect(z.safeParse(checkpointSchema, { pending_load: without }).success, field).toBe(false);
  }
});

test.each([
  { last_sync_timestamp: 'yesterday' },
  { record_count: -1 },
  { record_count: 0.5 },
  { updated_at: 5 },
  { last_load_id: '../../x' },
  { pending_load: { ...WRITTEN.pending_load, load_id: '../../x' } },
  { pending_load: { ...WRITTEN.pending_load, load_type: 'FULL' } },
  { pending_load: { ...WRITTEN.pending_load, since_parameter: '' } },
  { next_requests: [{ entity: 'orders' }] },
])('%j is refused as a checkpoint', (wrong) => {
  expect(z.safeParse(checkpointSchema, wrong).success).toBe(false);
});

test('`since_parameter` is one of four words', () => {
  for (const word of ['sent', 'refused', 'ignored', 'not_configured']) {
    expect(z.parse(sinceParameterSchema, word)).toBe(word);
  }
  expect(z.safeParse(sinceParameterSchema, 'dropped').success).toBe(false);
});
