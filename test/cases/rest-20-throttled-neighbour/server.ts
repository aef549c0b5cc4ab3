import { type CaseClock, NO_SUCH_PATH, records, type Serve } from '../served-api.ts';

export function serve(clock: CaseClock): Serve {
  const throttled = Promise.withResolvers<void>();
  return async ({ path, query }) => {
    if (path === '/throttled') {
      throttled.resolve();
      return { status: 429, headers: { 'retry-after': '86400' }, body: { error: 'daily quota of this list' } };
    }
    if (path !== '/neighbour') return NO_SUCH_PATH;
    // So that it has more to ask once the other is throttled.
    await throttled.promise;
    const page = Number(query.get('page'));
    return { body: { data: page > 3 ? [] : records(clock, 1, page) } };
  };
}
