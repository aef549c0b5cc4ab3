import type { ExtractRequest, WriteMessage } from '@bronze/common/load/messages';
import type { Sent } from './facts.ts';
import type { Ledger, SendsOfLoad } from './ledger.ts';

/** Counts what is sent, by the load that it is sent for. */
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

/** A request goes on with a load, or wakes one that waits: one that was not claimed yet when the sender began. */
function recordRequest(ledger: Ledger, { entity, load_id }: ExtractRequest, by: Sent['by']): void {
  const load = ledger.loads.get(`${entity}/${load_id}`);
  const mayWake = by.began < (load?.sends.claimed_at ?? Infinity);
  if (load && load.slices.length > 0 && !mayWake) load.sends.continuations += 1;
  else ledger.wakes += 1;
}

/** Those who sent write tasks of a load for the same reason: they staged a slice, or found slices that others had. */
export function sendersLike({ by }: Sent, { helpers, handed_over }: SendsOfLoad): Set<string> {
  return by.hasCommitted ? handed_over : helpers;
}
