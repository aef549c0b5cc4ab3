import type { ExtractRequest, WriteMessage } from '@bronze/common/load/messages';
import { taskName } from '@bronze/common/load/object-keys';
import type { Facts, Law, Sent } from '../world/facts.ts';
import type { LoadFacts } from '../world/ledger.ts';
import { sendersLike } from '../world/sends.ts';

/**
 * Messages don't multiply. What one invocation may send follows from the delivery that it handles: the tasks of the slice
 * that it staged, and one request. Before that, once, the tasks of slices that it found committed, where its request does
 * not say that they were handed over, and only what had no receipt when it began. A planner sends once, one request for
 * each entity.
 */
export const LINEAR_MESSAGES: Law = {
  name: 'linear messages',
  onSent: (facts, sent) => (sent.queue === 'writes' ? writesSent(facts, sent) : requestSent(facts, sent)),
  onPlanSent: planSent,
  atRest: tooMany,
  afterOneMoreRequest: tooMany,
};

function writesSent({ ledger }: Facts, sent: Sent): string | undefined {
  const { by } = sent;
  for (const { entity, load_id, slice, task } of sent.bodies as readonly WriteMessage[]) {
    const { sends } = ledger.loadOf({ entity, load_id });
    const receipt_at = sends.receipts_at.get(taskName(slice, task)) ?? Infinity;
    if (receipt_at <= by.began) return `${by.name} sends ${taskName(slice, task)}, whose receipt was there before it`;
  }
  const [first] = sent.bodies as readonly WriteMessage[];
  if (!first) return undefined;
  const { load_id, sends } = ledger.loadOf(first);
  if (sendersLike(sent, sends).has(by.name)) return `${by.name} sends write tasks twice`;
  const isHandedOver = by.delivery?.load_id === load_id && first.slice < by.delivery.slice;
  return isHandedOver ? `${by.name} sends tasks of slice ${first.slice}, which its request says are sent` : undefined;
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
  if (ledger.wakes > ledger.deliveries) return `${ledger.wakes} times a request was woken`;
  for (const load of ledger.loads.values()) {
    const wrong = tooManyFor(load);
    if (wrong !== undefined) return `load ${load.load_id} of ${load.entity}: ${wrong}`;
  }
  return undefined;
}

/** Each slice is handed over by whoever commits it, and by whoever finds that another has. */
function tooManyFor({ slices, sends }: LoadFacts): string | undefined {
  const committed = slices.filter((slice) => slice !== undefined);
  const lost = sends.lost_slices.map((slice) => slices[slice]).filter((slice) => slice !== undefined);
  const handovers = [...committed, ...lost];
  const continuations_max = handovers.filter(({ final }) => !final).length;
  if (sends.continuations > continuations_max)
    return `${sends.continuations} requests go on with it, and ${continuations_max} have a reason`;
  const tasks = committed.reduce((sum, slice) => sum + slice.tasks.length, 0);
  const writes_max = handovers.reduce((sum, slice) => sum + slice.tasks.length, 0) + sends.helpers.size * tasks;
  return sends.writes > writes_max ? `${sends.writes} write tasks were sent, ${writes_max} have a reason` : undefined;
}
