import { type CaseClock, NO_SUCH_PATH, records, type Serve } from '../served-api.ts';

export function serve(clock: CaseClock): Serve {
  return ({ path, query }) => {
    const body = { data: records(clock, 3) };
    if (path === '/no-content') return query.has('since') ? { status: 204, body: '' } : { body };
    if (path === '/empty-body') return { body: query.has('since') ? '' : body };
    return NO_SUCH_PATH;
  };
}
