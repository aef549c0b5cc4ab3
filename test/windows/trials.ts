import type { WindowFallback } from '@bronze/common/words/exact-position';
import { check, checkGuarantee, type Verdict } from './check.ts';
import type { OpenLoader } from './loader.ts';
import { runSchedule } from './run-schedule.ts';
import { drawSchedule, wishesOf } from './draw-schedule.ts';
import type { Schedule } from './schedule.ts';
import type { WindowsServer } from './windows-server.ts';

export interface Trial extends Verdict {
  readonly seed: number;
  readonly schedule: Schedule;
  /** How often what is loaded was rewritten, reloaded, swapped or refreshed. */
  readonly remakes: number;
  readonly fallbacks: readonly WindowFallback[];
}

export interface Trials {
  /** One lane per server, because schedules that share a server would hold back each other's windows. */
  readonly servers: readonly WindowsServer[];
  readonly seeds: readonly number[];
  readonly openLoader: OpenLoader;
  /** Whether the loads are Bronze's, which must also report the right guarantee. */
  readonly isBronze?: boolean;
  /** False: leaves out the schedules that remake tables, which plain SQL policies don't survive. */
  readonly withRemakes?: boolean;
  readonly onTrial?: (trial: Trial) => void;
  /** If it returns true, no more schedules are begun. */
  readonly isEnough?: (trial: Trial) => boolean;
}

/** Runs the schedules of the seeds, one at a time on each server. */
export async function runTrials({ servers, seeds, openLoader, ...options }: Trials): Promise<Trial[]> {
  const trials: Trial[] = [];
  const waiting = seeds.filter((seed) => options.withRemakes !== false || !wishesOf(seed).remade);
  const lane = async (server: WindowsServer) => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
      const schedule = drawSchedule(seed);
      const history = await runSchedule(server, schedule, openLoader);
      const verdict = check(history);
      const guarantee = options.isBronze ? checkGuarantee(schedule, history) : [];
      const fallbacks = history.loads.map((load) => load.window_fallback).filter((why) => why !== undefined);
      const failures = [...verdict.failures, ...guarantee];
      const trial = { ...verdict, failures, seed, schedule, remakes: history.remakes.length, fallbacks };
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
