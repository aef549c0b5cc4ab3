import { type CaseClock, NO_SUCH_PATH, type Serve } from '../served-api.ts';

export function serve(clock: CaseClock): Serve {
  const due = ['2024-01-15T10:00:00.123456789Z', 'pending', '15/01/2024', '../../x', null];
  const updated_at = clock.ago(90_000);
  return ({ path }) => {
    if (path === '/epoch')
      return { body: { data: [0, 1, 2].map((id) => ({ id, created: 1_705_312_800 + id, updated_at })) } };
    if (path === '/mixed') return { body: { data: due.map((one, id) => ({ id, due: one, updated_at })) } };
    return NO_SUCH_PATH;
  };
}
