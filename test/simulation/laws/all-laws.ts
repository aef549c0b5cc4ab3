import type { Law } from '../facts.ts';
import { CREATE_ONCE } from './create-once.ts';
import { EXACT_POSITION } from './exact-position.ts';
import { KNOWN_FAILURES } from './known-failures.ts';
import { ALONE } from './l7-alone.ts';
import { ALWAYS_LIVE } from './l5-always-live.ts';
import { LINEAR_MESSAGES } from './linear-messages.ts';
import { NEVER_AHEAD } from './l3-never-ahead.ts';
import { NEVER_BACK } from './l4-never-back.ts';
import { NOTHING_LOST } from './l1-nothing-lost.ts';
import { NOTHING_TWICE } from './l2-nothing-twice.ts';
import { ONCE_PER_REQUEST } from './once-per-request.ts';
import { OWNED } from './owned.ts';
import { SAME_BYTES } from './l6-same-bytes.ts';

export const LAWS: readonly Law[] = [
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
  LINEAR_MESSAGES,
  KNOWN_FAILURES,
];
