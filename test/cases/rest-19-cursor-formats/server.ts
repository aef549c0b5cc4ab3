import { NO_SUCH_PATH, type Serve } from '../served-api.ts';

const LISTS = new Map([
  ['/milliseconds', [1_704_067_200_123]],
  ['/mail-dates', ['Mon, 01 Jan 2024 00:00:00 GMT']],
  ['/nanoseconds', ['2024-01-01T00:00:00.123456789Z', '2024-01-01T00:00:01Z']],
]);

export function serve(): Serve {
  return ({ path }) => {
    const data = LISTS.get(path)?.map((updated_at, index) => ({ id: index + 1, updated_at }));
    return data ? { body: { data } } : NO_SUCH_PATH;
  };
}
