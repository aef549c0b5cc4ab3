import type { ExtractRequest, WriteMessage } from '@bronze/common/load/messages';
import type { Sent } from './facts.ts';
import type { Ledger, SendsOfLoad } from './ledger.ts';

/** Counts sent messages under the load that they are for. */
export function recordSent(ledger: Ledger, sent: Sent): void {
  if (sent.queue === 'requests') {
    ledger.senders_of_requests.add(sent.by.name);
    for (const request of sent.bodies as readonly ExtractRequest[]) recordRequest(ledger, request, sent.by);
    return;
  }
  const messages = sent.bodies as readonly WriteMessage[];
  const [first] = messages;
  if (!first) return;
  const load = ledger.loadOf(first);
  load.sends.writes += messages.length;
  sendersLike(sent, load.sends).add(sent.by.name);
}

/** A request continues a load, or starts one that waited: a load that was not claimed when the sender began. */
function recordRequest(ledger: Ledger, { entity, load_id }: ExtractRequest, by: Sent['by']): void {
  const load = ledger.loads.get(`${entity}/${load_id}`);
  const mayWake = by.began < (load?.sends.claimed_at ?? Infinity);
  if (load && load.slices.length > 0 && !mayWake) load.sends.continuations += 1;
  else ledger.wakes += 1;
}

/** The invocations that sent a load's write tasks for the same reason: they staged a slice, or found it committed. */
export function sendersLike({ by }: Sent, { helpers, handed_over }: SendsOfLoad): Set<string> {
  return by.hasCommitted ? handed_over : helpers;
}
