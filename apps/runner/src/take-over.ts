import type { LeftMessage, LocalQueue } from '@bronze/common/adapters/local/local-queue';
import { isSameBackfill } from '@bronze/common/load/backfill';
import type { Checkpoint } from '@bronze/common/load/checkpoint';
import { decodeExtractRequest, entityIn, type ExtractRequest, type WriteMessage } from '@bronze/common/load/messages';
import { toFailure } from '@bronze/common/words/failure';
import type { Plan } from '@bronze/planner/plan-run';

/** Messages of one entity that runs which are over have left, and that this run does not touch. */
export interface LeftAlone {
  readonly entity: string;
  readonly messages: number;
}

interface Queues {
  readonly requests: LocalQueue<ExtractRequest>;
  readonly writes: LocalQueue<WriteMessage>;
  /** Whether the run that owns these messages has ended. */
  isOver(owner: string): boolean;
}

/**
 * Clears away what ended runs have left of the entities that this run asks for: its own request helps their pending
 * loads and sends the tasks that lack a receipt, so their messages would only do the same again. The exception is a full
 * load or a backfill that was asked for, is not claimed and that this run does not ask for: its request becomes this run's.
 *
 * @param pending the pending load of an entity
 */
export async function takeOver(
  queues: Queues,
  plan: Plan,
  pending: (entity: string) => Promise<Checkpoint['pending_load']>,
): Promise<void> {
  const planned = new Map(plan.planned.map((load) => [load.entity, load]));
  const isOver = (owner: string) => queues.isOver(owner);
  // Deleted only now that this run's own requests are in their queue.
  for (const left of queues.writes.left(isOver)) if (planned.has(entityIn(left.body))) queues.writes.drop(left);
  for (const left of queues.requests.left(isOver)) {
    const own = planned.get(entityIn(left.body));
    if (!own) continue;
    const isStillWanted = await isUnanswered(left, own, pending);
    if (isStillWanted) queues.requests.takeOver({ ...left, body: askedBy(plan.run_id, left) });
    else queues.requests.drop(left);
  }
}

/** Whether the message asks for a full load or a backfill that nobody has claimed, and that this run does not bring. */
async function isUnanswered(
  left: LeftMessage,
  own: Plan['planned'][number],
  pending: (entity: string) => Promise<Checkpoint['pending_load']>,
): Promise<boolean> {
  const request = decoded(left);
  // It is delivered, so that its failure is seen.
  if (!request) return own.load_type !== 'full';
  const { entity, load_id, load_type, slice, backfill } = request;
  const isBrought = backfill
    ? isSameBackfill(backfill, own.backfill)
    : load_type !== 'full' || own.load_type === 'full';
  return !isBrought && slice === undefined && (await pending(entity))?.load_id !== load_id;
}

/** The message's body as if that run had asked. One that can't be read stays as it is. */
function askedBy(run_id: string, left: LeftMessage): string {
  const request = decoded(left);
  return request ? JSON.stringify({ ...request, run_id }) : left.body;
}

function decoded({ message_id, body }: Pick<LeftMessage, 'message_id' | 'body'>): ExtractRequest | undefined {
  try {
    return decodeExtractRequest(body, message_id);
  } catch (thrown) {
    if (toFailure(thrown).code === 'MESSAGE_INVALID') return undefined;
    throw thrown;
  }
}

/**
 * Whether a dead letter of a completed load's entity asks for nothing more than that load. A backfill does only what a
 * request for the same window, or a task of the same load, asks for; and no other load does what a backfill does.
 */
export function isDoneBy({ entity, load_id, backfill }: Plan['planned'][number], body: string): boolean {
  if (entityIn(body) !== entity) return false;
  const request = decoded({ message_id: load_id, body });
  if (!backfill) return request?.backfill === undefined;
  return isSameBackfill(request?.backfill, backfill) || body.includes(load_id);
}

/** What ended runs have left of other entities. It waits until a run asks for them, which may have what they need. */
export function leftAlone(queues: Queues, plan: Plan): LeftAlone[] {
  const asked = new Set(plan.planned.map(({ entity }) => entity));
  const isOver = (owner: string) => queues.isOver(owner);
  const left = [queues.requests, queues.writes].flatMap((queue) => queue.left(isOver));
  const names = left.map(({ body }) => entityIn(body)).filter((entity) => !asked.has(entity));
  return [...new Set(names)].toSorted().map((entity) => ({
    entity,
    messages: names.filter((name) => name === entity).length,
  }));
}
