import { type CaseClock, NO_SUCH_PATH, records, type Serve } from '../served-api.ts';

export function serve(clock: CaseClock): Serve {
  let forbidden_until: string | undefined;
  return ({ path }) => {
    if (path === '/denied') return { status: 403, body: { message: 'no' } };
    if (path !== '/limited') return NO_SUCH_PATH;
    forbidden_until ??= clock.ago(-2);
    if (clock.ago(0) >= forbidden_until) return { body: { data: records(clock, 3) } };
    const reset = String(Math.floor(Date.parse(clock.ago(-3000)) / 1000));
    const headers = { 'retry-after': '2', 'x-ratelimit-remaining': '4000', 'x-ratelimit-reset': reset };
    return { status: 403, headers, body: { message: 'secondary limit' } };
  };
}
