import { describeMachineFailure, readMachineFailure } from './machine-failure.ts';

/**
 * What kind of failure it is, for a person at 03:00 as well as for a program.
 *
 * - `configuration`: a person must change a file, a grant or a variable; retrying is pointless.
 * - `transient`: the same call may succeed later (network, lock, time-out); queues retry it.
 * - `permanent`: this message or load can never succeed as it is; it goes to the dead-letter queue at once.
 */
export type FailureKind = 'configuration' | 'transient' | 'permanent';

/** Stable codes; `docs/runbook.md` has a line for each. */
export const FAILURE_KINDS = {
  CONFIG_INVALID: 'configuration',
  CONFIG_NOT_FOUND: 'configuration',
  REFERENCE_UNRESOLVED: 'configuration',
  ENTITY_UNKNOWN: 'permanent',
  MESSAGE_INVALID: 'permanent',
  DELIVERIES_UNREPORTED: 'permanent',
  CHECKPOINTS_UNREADABLE: 'permanent',
  CHECKPOINTS_ELSEWHERE: 'transient',
  CHECKPOINT_LOST: 'permanent',
  OBJECT_INVALID: 'permanent',
  OBJECT_MISSING: 'transient',
  OBJECT_CORRUPT: 'permanent',
  LOAD_RECLAIMED: 'permanent',
  PART_FOREIGN: 'permanent',
  SWAP_CONTENDED: 'transient',
  CHECKPOINT_BUSY: 'transient',
  STORE_UNREACHABLE: 'transient',
  STORE_DENIED: 'permanent',
  STORE_MISSING: 'configuration',
  STORE_UNCONDITIONAL: 'configuration',
  QUEUE_UNREACHABLE: 'transient',
  QUEUE_DENIED: 'permanent',
  QUEUE_MISSING: 'configuration',
  QUEUE_REJECTED: 'permanent',
  SOURCE_UNREACHABLE: 'transient',
  SOURCE_INTERRUPTED: 'transient',
  SOURCE_TIMEOUT: 'transient',
  SOURCE_DENIED: 'permanent',
  SOURCE_REJECTED: 'permanent',
  SOURCE_FAILING: 'transient',
  SOURCE_THROTTLED: 'transient',
  SECRET_UNREADABLE: 'configuration',
  SECRET_UNAVAILABLE: 'transient',
  RESPONSE_TOO_LARGE: 'permanent',
  RESPONSE_MALFORMED: 'transient',
  RESPONSE_UNSUPPORTED: 'permanent',
  RECORDS_MISSING: 'transient',
  LINK_REFUSED: 'permanent',
  PAGES_LOOP: 'transient',
  PAGES_MOVED: 'transient',
  PAGE_TOKEN_EXPIRED: 'permanent',
  CURSOR_MISSING: 'permanent',
  TIME_ZONE_UNDECLARED: 'permanent',
  DATABASE_MISSING: 'configuration',
  TABLE_MISSING: 'permanent',
  COLUMN_MISSING: 'permanent',
  COLUMN_RESERVED: 'permanent',
  COLUMN_AMBIGUOUS: 'permanent',
  COLUMN_UNSUPPORTED: 'permanent',
  KEY_MISSING: 'permanent',
  KEY_NOT_UNIQUE: 'permanent',
  KEY_CHANGED: 'permanent',
  ENCODING_UNSUPPORTED: 'permanent',
  ROW_TOO_LARGE: 'permanent',
  ROW_COUNT_MISMATCH: 'transient',
  SLICE_STUCK: 'permanent',
  ENGINE_LIMIT: 'permanent',
  CATALOG_BUSY: 'transient',
  CATALOG_DENIED: 'permanent',
  CATALOG_FAILING: 'transient',
  CATALOG_FOREIGN: 'permanent',
  DISK_FULL: 'transient',
  DISK_FAILING: 'transient',
  FILES_EXHAUSTED: 'transient',
  FOLDER_UNUSABLE: 'configuration',
} as const satisfies Record<string, FailureKind>;

export type FailureCode = keyof typeof FAILURE_KINDS;

export interface FailureText {
  /** What was wrong and where. Never a secret, a connection string or a row's value. */
  readonly message: string;
  /** What to do about it, as an instruction. */
  readonly hint: string;
  /** How long whoever failed asks to be left alone, such as by `Retry-After`. */
  readonly retry_after_ms?: number | undefined;
}

/** The only error that Bronze throws on purpose. Anything else that escapes is a bug or comes from outside. */
export class BronzeError extends Error {
  override readonly name = 'BronzeError';
  readonly code: FailureCode;
  readonly hint: string;
  readonly retry_after_ms: number | undefined;

  constructor(code: FailureCode, text: FailureText, cause?: unknown) {
    super(text.message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.hint = text.hint;
    this.retry_after_ms = text.retry_after_ms;
  }

  get kind(): FailureKind {
    return FAILURE_KINDS[this.code];
  }
}

export interface Failure {
  readonly code: FailureCode | 'UNEXPECTED';
  readonly kind: FailureKind | 'bug';
  readonly message: string;
  readonly hint: string;
  /** See {@link FailureText}. */
  readonly retry_after_ms?: number;
}

/** Any thrown value as a {@link Failure}, for logs, tables and failure records. */
export function toFailure(thrown: unknown): Failure {
  const known = toBronzeError(thrown);
  if (known) {
    const { code, kind, message, hint, retry_after_ms } = known;
    return { code, kind, message, hint, ...(retry_after_ms !== undefined && { retry_after_ms }) };
  }
  return {
    code: 'UNEXPECTED',
    kind: 'bug',
    message: thrown instanceof Error ? thrown.message : String(thrown),
    hint: 'Bronze does not know this failure: it is a bug. Please report it with its stack, which is printed here or in its record under logs/pipeline/ingestion/failures/.',
  };
}

/** The thrown value itself, or a failure of the machine as one of ours; undefined for what Bronze does not know. */
function toBronzeError(thrown: unknown): BronzeError | undefined {
  return thrown instanceof BronzeError ? thrown : machineError(thrown);
}

/** A full disk, too many open files and the like as an error with a code and a hint; undefined for anything else. */
export function machineError(thrown: unknown, path?: string): BronzeError | undefined {
  const read = thrown instanceof BronzeError ? undefined : readMachineFailure(thrown);
  if (!read) return undefined;
  const failure = { ...read, path: read.path ?? path };
  return new BronzeError(failure.code, describeMachineFailure(failure, thrown), thrown);
}

/** False if delivering the same message again can't help, because a person has to change something first. */
export function isRetryable(failure: Failure): boolean {
  return failure.kind !== 'permanent' && failure.kind !== 'configuration';
}
