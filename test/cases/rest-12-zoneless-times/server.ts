import { type CaseClock, NO_SUCH_PATH, type Serve } from '../served-api.ts';

export function serve(clock: CaseClock): Serve {
  const offsets = new Map([
    ['/new-york', -4],
    ['/tokyo', 9],
  ]);
  const first_at = clock.ago(90_000);
  let changed_at: string | undefined;
  return ({ path }) => {
    const hours = offsets.get(path);
    if (path === '/change') changed_at = clock.ago(0);
    if (hours === undefined) return path === '/change' ? { body: {} } : NO_SUCH_PATH;
    const local = (at: string) => new Date(Date.parse(at) + hours * 3_600_000).toISOString().slice(0, 19);
    const data = [{ id: 1, updated_at: local(first_at) }];
    return { body: { data: [...data, ...(changed_at ? [{ id: 2, updated_at: local(changed_at) }] : [])] } };
  };
}
