import type { ExtractRequest, WriteMessage } from '@bronze/common/load/messages';
import { taskName } from '@bronze/common/load/object-keys';
import type { Facts, Law, Sent } from '../world/facts.ts';
import type { LoadFacts } from '../world/ledger.ts';
import { sendersLike } from '../world/sends.ts';

/**
 * Messages don't multiply. An invocation may send, for the delivery that it handles,
 *
 * - once, the tasks of slices that it found committed: only tasks without a receipt when it began, and only of slices
 *   whose tasks its request doesn't say were sent;
 * - then the tasks of the slice that it staged, and one request.
 *
 * A planner sends once, one request per entity.
 */
export const LINEAR_MESSAGES: Law = {
  name: 'linear messages',
  onSent(facts, sent) {
    facts.count('linear_sends');
    return sent.queue === 'writes' ? writesSent(facts, sent) : requestSent(facts, sent);
  },
  onPlanSent: planSent,
  atRest: tooMany,
  afterOneMoreRequest: tooMany,
};

function writesSent({ ledger }: Facts, sent: Sent): string | undefined {
  const { by } = sent;
  for (const { entity, load_id, slice, task } of sent.bodies as readonly WriteMessage[]) {
    const { sends } = ledger.loadOf({ entity, load_id });
    const receipt_at = sends.receipts_at.get(taskName(slice, task)) ?? Infinity;
    if (receipt_at <= by.began) return `${by.name} sends ${taskName(slice, task)}, whose receipt is older than it`;
  }
  const [first] = sent.bodies as readonly WriteMessage[];
  if (!first) return undefined;
  const { load_id, sends } = ledger.loadOf(first);
  if (sendersLike(sent, sends).has(by.name)) return `${by.name} sends write tasks twice`;
  const wasSent = by.delivery?.load_id === load_id && first.slice < by.delivery.slice;
  return wasSent ? `${by.name} sends tasks of slice ${first.slice}, which its request says were sent` : undefined;
}

function requestSent({ ledger }: Facts, { bodies, by }: Sent): string | undefined {
  if (ledger.senders_of_requests.has(by.name)) return `${by.name} sends a second request`;
  return bodies.length > 1 ? `${by.name} sends ${bodies.length} requests at once` : undefined;
}

function planSent({ ledger }: Facts, { bodies, by }: Sent): string | undefined {
  if (ledger.senders_of_requests.has(by.name)) return `${by.name} sends its requests twice`;
  const names = (bodies as readonly ExtractRequest[]).map(({ entity }) => entity);
  return new Set(names).size < names.length ? `${by.name} asks for an entity twice` : undefined;
}

function tooMany({ ledger }: Facts): string | undefined {
  if (ledger.wakes > ledger.deliveries) return `${ledger.wakes} waiting requests sent, ${ledger.deliveries} deliveries`;
  for (const load of ledger.loads.values()) {
    const wrong = tooManyFor(load);
    if (wrong !== undefined) return `load ${load.load_id} of ${load.entity}: ${wrong}`;
  }
  return undefined;
}

/** Each slice is enqueued by the invocation that commits it, and by each that staged it and lost to another. */
function tooManyFor({ slices, sends }: LoadFacts): string | undefined {
  const committed = slices.filter((slice) => slice !== undefined);
  const lost = sends.lost_slices.map((slice) => slices[slice]).filter((slice) => slice !== undefined);
  const enqueued = [...committed, ...lost];
  const continuations_max = enqueued.filter(({ final }) => !final).length;
  if (sends.continuations > continuations_max)
    return `${sends.continuations} requests continue it, at most ${continuations_max} have a reason`;
  const tasks = committed.reduce((sum, slice) => sum + slice.tasks.length, 0);
  const writes_max = enqueued.reduce((sum, slice) => sum + slice.tasks.length, 0) + sends.helpers.size * tasks;
  return sends.writes > writes_max
    ? `${sends.writes} write tasks were sent, at most ${writes_max} have a reason`
    : undefined;
}
