import { type CaseClock, NO_SUCH_PATH, type Serve } from '../served-api.ts';

export function serve(clock: CaseClock): Serve {
  return ({ path }) => {
    if (path !== '/events') return NO_SUCH_PATH;
    const at = [clock.ago(90_000), '9999-12-31T00:00:00Z', clock.ago(-86_400)];
    return { body: { data: at.map((updated_at, index) => ({ id: index + 1, updated_at })) } };
  };
}
