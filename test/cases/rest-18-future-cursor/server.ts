import { type CaseClock, NO_SUCH_PATH, type Serve } from '../served-api.ts';

export function serve(clock: CaseClock): Serve {
  const times = [clock.ago(90_000), '9999-12-31T00:00:00Z', clock.ago(-86_400)];
  return ({ path }) => {
    if (path === '/add') times.push(clock.ago(0));
    if (path !== '/events') return path === '/add' ? { body: {} } : NO_SUCH_PATH;
    return { body: { data: times.map((updated_at, index) => ({ id: index + 1, updated_at })) } };
  };
}
