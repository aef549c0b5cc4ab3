import type { Log } from '@bronze/common/load/events';
import type { Clock } from '@bronze/common/ports/clock';
import { type BronzeError, toFailure } from '@bronze/common/words/failure';

/** The wait before the n-th reconnection is this times 2^n. */
const RECONNECT_DELAY_MS = 250;

export interface ReconnectPorts {
  readonly clock: Clock;
  readonly log: Log;
}

/** Reports a lost connection and pauses before the next. @param attempt counted from 1 */
export async function pauseAfter(
  failure: BronzeError,
  { clock, log }: ReconnectPorts,
  { entity, attempt }: { readonly entity: string; readonly attempt: number },
): Promise<void> {
  log.event({ kind: 'source_retried', entity, attempt, failure: toFailure(failure) });
  await clock.sleep(RECONNECT_DELAY_MS * 2 ** attempt);
}
