import type { Facts, Law } from '../facts.ts';

/** Messages don't multiply: what is sent is linear in slices, write tasks and deliveries. */
export const LINEAR_MESSAGES: Law = {
  name: 'linear messages',
  atRest: tooMany,
  afterOneMoreRequest: tooMany,
};

function tooMany({ ledger }: Facts): string | undefined {
  const slices = [...ledger.loads.values()].flatMap((load) => load.slices.filter((slice) => slice !== undefined));
  const tasks = slices.reduce((sum, slice) => sum + slice.tasks.length, 0);
  const tasksOfOne = Math.max(
    0,
    ...[...ledger.loads.values()].map((load) =>
      load.slices.reduce((sum, slice) => sum + (slice?.tasks.length ?? 0), 0),
    ),
  );
  // A commit sends its own tasks; a delivery that helps sends those of one load again. One request goes on or wakes.
  const { writes_sent, requests_sent, request_deliveries, write_deliveries } = ledger;
  if (writes_sent > tasks + request_deliveries * tasksOfOne) return `${writes_sent} write tasks were sent for ${tasks}`;
  const requests_max = slices.length + request_deliveries + write_deliveries;
  return requests_sent > requests_max ? `${requests_sent} requests were sent, more than ${requests_max}` : undefined;
}
