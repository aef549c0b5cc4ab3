import { BronzeError, type Failure } from '@bronze/common/words/failure';
import type { EntityResult } from '@bronze/runner/run-locally';

/** `docs/cli.md` lists what they mean. */
export const EXIT = { ok: 0, bug: 1, usage: 2, transient: 3, unhealthy: 4, interrupted: 130 } as const;

/** Exit code for a failure that ended a command before it could do its work. */
export function exitCodeOf(failure: Failure): number {
  if (failure.code === 'ENTITY_UNKNOWN' || failure.code === 'BACKFILL_REFUSED') return EXIT.usage;
  return BY_KIND[failure.kind];
}

const BY_KIND: Readonly<Record<Failure['kind'], number>> = {
  bug: EXIT.bug,
  configuration: EXIT.usage,
  transient: EXIT.transient,
  permanent: EXIT.unhealthy,
};

/**
 * Exit code of a run. If each failure is transient, 3, whatever their number: the same command may succeed later. If every
 * entity failed with another kind of failure, that kind's code; if only some did, or for several kinds of reason, 4.
 * Without failures, 130 if an entity was interrupted, else 0. An abandoned load is 4 in any case.
 */
export function exitCodeOfRun(results: readonly Pick<EntityResult, 'status' | 'failure'>[]): number {
  const failures = results.flatMap(({ failure }) => (failure ? [failure] : []));
  const has = (status: EntityResult['status']) => results.some((result) => result.status === status);
  if (has('abandoned')) return EXIT.unhealthy;
  if (failures.length === 0) return has('interrupted') ? EXIT.interrupted : EXIT.ok;
  const kinds = new Set(failures.map(({ kind }) => kind));
  const [kind = 'bug'] = kinds;
  if (kinds.size > 1) return EXIT.unhealthy;
  return kind === 'transient' || failures.length === results.length ? BY_KIND[kind] : EXIT.unhealthy;
}

/**
 * The exit code of a run that put rows into quarantine which nobody allowed: 4, also where it says that another run may
 * help, because another run does not bring these rows.
 */
export function exitCodeWithQuarantine(code: number): number {
  const isWorse = code === EXIT.bug || code === EXIT.usage;
  return isWorse ? code : EXIT.unhealthy;
}

/** A mistake in how the command was called, as CONFIG_INVALID. */
export function usageError(message: string, hint: string): BronzeError {
  return new BronzeError('CONFIG_INVALID', { message, hint });
}
