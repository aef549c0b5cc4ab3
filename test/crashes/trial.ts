import type { StoredObject } from '@bronze/common/ports/object-store';

/** Tries one thing, and notes it under `what` if it throws. */
export type Attempt = <T>(what: string, act: () => Promise<T>) => Promise<T | undefined>;

/** Makes attempts, each of which throws if something is lost, half or doubled. */
export type Trial = (attempt: Attempt) => Promise<void>;

export interface Told {
  readonly attempts: number;
  readonly broken: readonly string[];
}

/** @param isEnough whether the first attempt that fails is the last */
export async function tell(trial: Trial, isEnough = false): Promise<Told> {
  const broken: string[] = [];
  let attempts = 0;
  await trial(async (what, act) => {
    if (isEnough && broken.length > 0) return undefined;
    attempts += 1;
    try {
      return await act();
    } catch (thrown) {
      broken.push(`${what}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
      return undefined;
    }
  });
  return { attempts, broken };
}

export function textOf(object: StoredObject | undefined): string | undefined {
  return object && Buffer.from(object.body).toString();
}
