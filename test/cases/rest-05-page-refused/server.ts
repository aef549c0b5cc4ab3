import { type CaseClock, NO_SUCH_PATH, records, type Serve } from '../served-api.ts';

export function serve(clock: CaseClock): Serve {
  return ({ path, query }) => {
    const status = Number(path.slice(1));
    if (![400, 404, 422].includes(status)) return NO_SUCH_PATH;
    const page = Number(query.get('page'));
    if (page > 3) return { status, body: { code: 'invalid_page_number' } };
    return { body: records(clock, page === 3 ? 1 : 2, (page - 1) * 2) };
  };
}
