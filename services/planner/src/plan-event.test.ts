import { timestamp } from '@bronze/common/timestamp';
import { describe, expect, test } from 'vitest';
import { decodePlanEvent } from './plan-event.ts';

const now = timestamp('2024-01-15T10:32:00Z');
const decode = (event: unknown, load_type?: string) => decodePlanEvent(event, { load_type, now });
const BY_HAND = { scheduled_at: now, is_schedule: false, load_type: undefined, entities: undefined, dry_run: false };

test.each([
  [{}, BY_HAND],
  [undefined, BY_HAND],
  [null, BY_HAND],
  [{ load_type: 'FULL' }, { ...BY_HAND, load_type: 'full' }],
  [{ load_type: 'incremental' }, BY_HAND],
  [
    { entities: ['orders'], dry_run: true },
    { ...BY_HAND, entities: ['orders'], dry_run: true },
  ],
  [
    { scheduled_time: '2024-01-15T02:00:00Z' },
    { ...BY_HAND, scheduled_at: timestamp('2024-01-15T02:00:00Z'), is_schedule: true },
  ],
  [
    {
      version: '0',
      id: '53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa',
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      account: '123456789012',
      time: '2024-01-15T02:00:00Z',
      region: 'eu-central-1',
      resources: [],
      detail: {},
    },
    { ...BY_HAND, scheduled_at: timestamp('2024-01-15T02:00:00Z'), is_schedule: true },
  ],
])('%j', (event, request) => {
  expect(decode(event)).toEqual(request);
});

describe('LOAD_TYPE', () => {
  test('is the default, and the payload wins', () => {
    expect(decode({}, 'FULL').load_type).toBe('full');
    expect(decode({ load_type: 'INCREMENTAL' }, 'FULL').load_type).toBeUndefined();
    expect(decode({ load_type: 'FULL' }, 'INCREMENTAL').load_type).toBe('full');
  });

  test('that is neither is told', () => {
    expect(() => decode({}, 'DELTA')).toThrow(/LOAD_TYPE of the function is neither FULL nor INCREMENTAL/);
  });
});

test.each([
  [{ load_type: 'DELTA' }],
  [{ entity: 'orders' }],
  [{ entities: 'orders' }],
  ['FULL'],
  [5],
  [{ scheduled_time: 'soon' }],
])('%j is refused, naming what is wrong', (event) => {
  expect(() => decode(event)).toThrow(expect.objectContaining({ code: 'MESSAGE_INVALID' }) as Error);
});
