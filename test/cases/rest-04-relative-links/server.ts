import { type CaseClock, NO_SUCH_PATH, records, type Serve } from '../served-api.ts';

export function serve(clock: CaseClock): Serve {
  const links = new Map([
    ['/v1/by-path', '/v1/by-path?p='],
    ['/v1/by-query', '?p='],
    ['/v1/by-name', 'by-name?p='],
  ]);
  return ({ path, query }) => {
    const link = links.get(path);
    const page = Number(query.get('p') ?? 0);
    if (link === undefined) return NO_SUCH_PATH;
    return { body: { data: records(clock, 2, page * 2), next: page < 2 ? `${link}${page + 1}` : null } };
  };
}
