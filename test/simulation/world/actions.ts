import type { Action } from './workload.ts';
import type { World } from './world.ts';
import { minusSeconds, parseTimestamp } from '@bronze/common/words/timestamp';

const HOUR_US = 3_600_000_000;

/** Carries out one action that is not a message: of the schedule, an operator, a source, or time. */
export async function act(world: World, action: Action): Promise<void> {
  const { random, clock, sources, trace, functions, options } = world;
  const names = [...sources.keys()];
  const name = (options.isInOrder ? names[0] : random.pick(names)) ?? '';
  trace.add(`${clock.now_us} ${action} ${name}`);
  // What was removed is missed until the next thing that a person or the schedule does.
  await world.restoreCheckpoints();
  switch (action) {
    case 'plan': {
      const input = {
        scheduled_at: clock.now,
        is_schedule: true,
        ...(random.chance(0.15) && { load_type: 'full' as const }),
      };
      functions.plan(input);
      if (random.chance(0.3)) functions.plan(input);
      return;
    }
    case 'ask':
      return world.ask({ entity: name });
    case 'ask full':
      return world.ask({ entity: name, load_type: 'full' });
    case 'backfill':
      return backfill(world);
    case 'change':
      return sources.get(name)?.change();
    case 'wait':
      clock.tick(random.pick([HOUR_US, 24 * HOUR_US]));
      return;
    case 'wait weeks':
      clock.tick(21 * 24 * HOUR_US);
      for (const { message_id } of deadOf(world)) world.weeks_old.add(message_id);
      return;
    case 'rest':
      return;
    case 'die':
      return functions.die();
    case 'redrive':
      return redrive(world);
    case 'replay':
      return replay(world);
    case 'abandon':
      return functions.abandon(name);
    case 'edit':
      return world.editCheckpoint(name);
    default:
      return action satisfies never;
  }
}

/** Asks for a window of a loaded entity that ends at its checkpoint or up to two hours before it. */
async function backfill(world: World): Promise<void> {
  const { random, ledger } = world;
  const loaded = [...ledger.checkpoints].flatMap(([entity, { last_sync_timestamp: text = '' }]) => {
    const synced = parseTimestamp(text);
    return synced === undefined ? [] : [{ entity, synced }];
  });
  if (loaded.length === 0) return;
  const { entity, synced } = random.pick(loaded);
  const to = minusSeconds(synced, random.pick([0, 0, 60, 7200]));
  const from = minusSeconds(to, random.pick([30, 3600, 24 * 3600, 400 * 24 * 3600]));
  await world.ask({ entity, backfill: { from, to } });
}

function deadOf({ backing: { requests, writes } }: World) {
  return [...requests.deadLetters(), ...writes.deadLetters()];
}

/** Sends dead messages back to their queues, under new ids. */
function redrive({ backing, counts, faults, weeks_old }: World): void {
  const { requests, writes, dead_requests, dead_writes } = backing;
  for (const [queue, dead] of [
    [requests, dead_requests],
    [writes, dead_writes],
  ] as const) {
    for (const { message_id, body } of dead.receive(100, 0)) {
      queue.sendText(body, {});
      counts.redriven += 1;
      if (weeks_old.has(message_id)) counts.redriven_weeks_later += 1;
      if (!faults.isHit('interrupted redrive')) dead.delete(message_id);
    }
  }
}

/** Sends messages of a random earlier load once more: its request, and one of its write tasks. */
function replay({ ledger, backing, random }: World): void {
  const loads = [...ledger.loads.values()].filter(({ slices }) => slices.length > 0);
  if (loads.length === 0) return;
  const { entity, load_id, slices } = random.pick(loads);
  const load_type = slices[0]?.load.load_type ?? 'incremental';
  backing.requests.sendText(JSON.stringify({ entity, load_id, load_type }), {});
  const tasks = slices.flatMap((slice) => (slice?.tasks ?? []).map((_, task) => ({ slice: slice?.slice ?? 0, task })));
  if (tasks.length > 0) backing.writes.sendText(JSON.stringify({ entity, load_id, ...random.pick(tasks) }), {});
}
