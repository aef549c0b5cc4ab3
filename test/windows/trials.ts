import { check, checkGuarantee, type Verdict } from './check.ts';
import type { OpenLoader } from './loader.ts';
import { runSchedule } from './run-schedule.ts';
import { drawSchedule } from './draw-schedule.ts';
import type { Schedule } from './schedule.ts';
import type { WindowsServer } from './windows-server.ts';

export interface Trial extends Verdict {
  readonly seed: number;
  readonly schedule: Schedule;
}

export interface Trials {
  /** One lane per server, because schedules that share a server would hold back each other's windows. */
  readonly servers: readonly WindowsServer[];
  readonly seeds: readonly number[];
  readonly openLoader: OpenLoader;
  /** Whether the loads are Bronze's, which must also report the right guarantee. */
  readonly isBronze?: boolean;
  readonly onTrial?: (trial: Trial) => void;
  /** If it returns true, no more schedules are begun. */
  readonly isEnough?: (trial: Trial) => boolean;
}

/** Runs the schedules of the seeds, one at a time on each server. */
export async function runTrials({ servers, seeds, openLoader, ...options }: Trials): Promise<Trial[]> {
  const trials: Trial[] = [];
  const waiting = [...seeds];
  const lane = async (server: WindowsServer) => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
      const schedule = drawSchedule(seed);
      const history = await runSchedule(server, schedule, openLoader);
      const verdict = check(history);
      const guarantee = options.isBronze ? checkGuarantee(schedule, history) : [];
      const trial = { ...verdict, failures: [...verdict.failures, ...guarantee], seed, schedule };
      trials.push(trial);
      options.onTrial?.(trial);
      if (options.isEnough?.(trial)) waiting.length = 0;
    }
  };
  await Promise.all(servers.map(lane));
  return trials;
}

/** `count` consecutive seeds. */
export function seedsFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}
