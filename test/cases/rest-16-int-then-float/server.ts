import { type CaseClock, NO_SUCH_PATH, type Serve } from '../served-api.ts';

export function serve(clock: CaseClock): Serve {
  const first_at = clock.ago(90_000);
  let changed_at: string | undefined;
  return ({ path, query }) => {
    if (path !== '/prices') return NO_SUCH_PATH;
    if (!query.has('since')) return { body: `{"data":[{"id":1,"price":10,"pieces":12,"updated_at":"${first_at}"}]}` };
    const at = (changed_at ??= clock.ago(1));
    return {
      body: `{"data":[{"id":2,"price":10.5,"pieces":12.0,"updated_at":"${at}"},{"id":3,"price":11,"pieces":1e1,"updated_at":"${at}"},
        {"id":4,"price":12.0,"pieces":12.0,"updated_at":"${at}"}]}`,
    };
  };
}
