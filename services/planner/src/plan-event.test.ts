import { timestamp } from '@bronze/common/words/timestamp';
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
  [{ dry_run: false }, BY_HAND],
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
])('the event %j asks for %j', (event, request) => {
  expect(decode(event)).toEqual(request);
});

describe('LOAD_TYPE', () => {
  test('is the default, which the payload overrides', () => {
    expect(decode({}, 'FULL').load_type).toBe('full');
    expect(decode({ load_type: 'INCREMENTAL' }, 'FULL').load_type).toBeUndefined();
    expect(decode({ load_type: 'FULL' }, 'INCREMENTAL').load_type).toBe('full');
  });

  test('applies to a scheduled event too', () => {
    const rule = { source: 'aws.events', time: '2024-01-15T02:00:00Z' };
    expect([decode(rule, 'full').load_type, decode(rule, 'Incremental').load_type]).toEqual(['full', undefined]);
  });

  test('with another value is CONFIG_INVALID, because the caller can’t have caused it', () => {
    expect(() => decode({}, 'DELTA')).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: 'LOAD_TYPE of the function is neither FULL nor INCREMENTAL',
        hint: expect.stringContaining('one of the two') as string,
      }) as Error,
    );
  });
});

test('a field that is undefined counts as absent', () => {
  expect(decode({ load_type: undefined, entities: undefined }, 'FULL').load_type).toBe('full');
});

test.each([
  [{ load_type: 'DELTA' }, ['load_type: ']],
  [{ entity: 'orders' }, ['the payload: ', '"entity"']],
  [{ entities: 'orders' }, ['entities: ']],
  [{ entities: ['orders', 5], dry_run: 'yes' }, ['entities[1]: ', '; dry_run: ']],
  ['FULL', ['the payload: ']],
  [5, ['the payload: ']],
  [{ scheduled_time: 'soon' }, ['scheduled_time: ', '2024-01-15T10:32:00.123456Z']],
  [{ source: 'aws.s3', time: '2024-01-15T02:00:00Z' }, ['"source", "time"']],
])('%j is refused, naming %j and what may be sent', (event, named) => {
  const asked = 'the planner does not understand its payload: ';
  for (const words of [asked, ...named]) {
    expect(() => decode(event)).toThrow(
      expect.objectContaining({
        code: 'MESSAGE_INVALID',
        message: expect.stringContaining(words) as string,
        hint: expect.stringContaining('{"load_type": "FULL"}') as string,
      }) as Error,
    );
  }
});
