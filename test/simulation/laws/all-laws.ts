import type { Law, Violation } from '../world/facts.ts';
import { BACKFILLS } from './backfills.ts';
import { CREATE_ONCE } from './create-once.ts';
import { EXACT_POSITION } from './exact-position.ts';
import { KNOWN_FAILURES } from './known-failures.ts';
import { ALONE } from './l7-alone.ts';
import { ALWAYS_LIVE } from './l5-always-live.ts';
import { LINEAR_MESSAGES } from './linear-messages.ts';
import { LOST_CHECKPOINTS } from './lost-checkpoints.ts';
import { NEVER_AHEAD } from './l3-never-ahead.ts';
import { NEVER_BACK } from './l4-never-back.ts';
import { NOTHING_LOST } from './l1-nothing-lost.ts';
import { NOTHING_TWICE } from './l2-nothing-twice.ts';
import { ONCE_PER_REQUEST } from './once-per-request.ts';
import { OWNED } from './owned.ts';
import { PLANNED } from './planned.ts';
import { SAME_BYTES } from './l6-same-bytes.ts';

const LAWS: readonly Law[] = [
  NOTHING_LOST,
  NOTHING_TWICE,
  NEVER_AHEAD,
  NEVER_BACK,
  ALWAYS_LIVE,
  SAME_BYTES,
  ALONE,
  CREATE_ONCE,
  OWNED,
  ONCE_PER_REQUEST,
  EXACT_POSITION,
  BACKFILLS,
  PLANNED,
  LINEAR_MESSAGES,
  KNOWN_FAILURES,
  LOST_CHECKPOINTS,
];

/**
 * Asks every law.
 *
 * @returns the first violation. A law that throws counts as broken: a bug in it is never taken for a port's failure
 */
export function firstBroken(ask: (law: Law) => string | undefined): Violation | undefined {
  for (const law of LAWS) {
    const what = asked(law, ask);
    if (what !== undefined) return { law: law.name, what };
  }
  return undefined;
}

function asked(law: Law, ask: (law: Law) => string | undefined): string | undefined {
  try {
    return ask(law);
  } catch (thrown) {
    return `the law itself failed: ${String(thrown)}`;
  }
}
