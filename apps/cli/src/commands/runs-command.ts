import { SystemClock } from '@bronze/common/adapters/system-clock';
import { describeChanges } from '@bronze/common/load/schema-changes';
import { minusSeconds, parseTimestamp, type Timestamp } from '@bronze/common/words/timestamp';
import { causesOf, describeCause } from '../causes.ts';
import { EXIT, usageError } from '../exit-code.ts';
import { type Period, readHistory } from '../runs/read-history.ts';
import type { LoadSummary, RunSummary } from '../runs/run-history.ts';
import { onTarget } from '../target/open-target.ts';
import type { TargetOptions } from '../target/target-options.ts';
import { bytes, count, entitiesOf, lasted } from '../terminal/numbers.ts';
import {
  colored,
  type Format,
  kept,
  keptIfSaid,
  print,
  printJson,
  printTable,
  right,
  say,
} from '../terminal/output.ts';
import { columnsOf } from '../terminal/screen.ts';

export interface RunsOptions extends TargetOptions {
  /** A timestamp; default: {@link DAYS} days ago. */
  readonly since?: string;
  readonly output: Format;
}

const DAYS = 14;

/**
 * `bronze runs [entity…]`: what each run did, the newest first: its loads, rows, bytes, how long it took and what failed.
 *
 * @throws BronzeError ENTITY_UNKNOWN
 */
export async function runsCommand(
  entities: readonly string[],
  options: RunsOptions & { readonly limit: number },
): Promise<number> {
  return onTarget(options, async (target) => {
    const period = periodOf(options.since);
    const runs = await readHistory(target, period, entities);
    const shown = runs.slice(0, options.limit);
    if (options.output === 'json') printJson(shown);
    else if (runs.length === 0) print(`No runs since ${period.since.slice(0, 19)}Z in ${target.name}.`);
    else printRuns(shown);
    if (runs.length > shown.length)
      say(`${count(runs.length - shown.length)} more since then: see --limit and --since`);
    return EXIT.ok;
  });
}

/**
 * `bronze runs show <id>`: the loads and failures of a run, or of the run of a load.
 *
 * @throws BronzeError CONFIG_INVALID if the period has no run or load of that id
 */
export async function runsShowCommand(id: string, options: RunsOptions): Promise<number> {
  return onTarget(options, async (target) => {
    const period = periodOf(options.since);
    const runs = await readHistory(target, period, []);
    const run = runs.find((one) => one.id === id || one.loads.some(({ load_id }) => load_id === id));
    if (!run) {
      throw usageError(
        `there is no run or load ${JSON.stringify(id.slice(0, 80))} in ${target.name} since ${period.since}`,
        'runs lists those that there are; --since looks further back.',
      );
    }
    if (options.output === 'json') printJson(run);
    else printRun(run);
    return EXIT.ok;
  });
}

function periodOf(since: string | undefined): Period {
  const until = new SystemClock().now();
  if (since === undefined) return { since: minusSeconds(until, DAYS * 24 * 60 * 60), until };
  return { since: timestampOf('--since', since), until };
}

/** @throws BronzeError CONFIG_INVALID if the text is not a timestamp */
export function timestampOf(option: string, text: string): Timestamp {
  const at = parseTimestamp(text);
  if (at) return at;
  throw usageError(`${option} is not a timestamp`, 'Write it like 2024-01-15 or 2024-01-15T10:32:00Z.');
}

function printRuns(runs: readonly RunSummary[]): void {
  printTable(
    [
      kept('run or load'),
      kept('started'),
      'took',
      'entities',
      keptIfSaid('pending'),
      keptIfSaid('abandoned'),
      keptIfSaid('failures'),
      kept('rows'),
      keptIfSaid('quarantined'),
      'bytes',
    ],
    runs.map((run) => [
      run.id,
      timeOf(run.started_at),
      right(run.seconds === null ? '' : lasted(run.seconds)),
      right(count(new Set([...run.loads, ...run.failures].map(({ entity }) => entity)).size)),
      right(count(run.loads.filter(({ status }) => status === 'pending').length)),
      right(count(run.loads.filter(({ status }) => status === 'abandoned').length)),
      right(count(run.failures.length)),
      right(count(sumOf(run.loads, 'rows'))),
      right(count(sumOf(run.loads, 'rows_quarantined'))),
      right(bytes(sumOf(run.loads, 'bytes'))),
    ]),
  );
}

const STATUS_COLORS = { completed: 'green', abandoned: 'yellow', pending: 'cyan' } as const;

function printRun(run: RunSummary): void {
  const entities = new Set([...run.loads, ...run.failures].map(({ entity }) => entity)).size;
  const what = run.run_id === null ? 'asked for by hand' : `run ${run.run_id}`;
  const end = run.seconds === null ? 'and goes on' : `and took ${lasted(run.seconds)}`;
  say(`${what}: began at ${run.started_at} with ${entitiesOf(entities)} ${end}`);
  if (run.loads.length > 0) printLoads(run.loads);
  for (const { entity, load_id, schema_changes } of run.loads) {
    if (schema_changes.length > 0) say(`${entity}: load ${load_id} ${describeChanges(schema_changes)}`);
  }
  const failed = run.failures.map(({ entity, ...failure }) => ({ entity, source: '', failure }));
  for (const cause of causesOf(failed)) say(describeCause(cause, columnsOf(process.stderr)).join('\n'));
}

function printLoads(loads: readonly LoadSummary[]): void {
  printTable(
    [
      kept('entity'),
      kept('status'),
      'load',
      'took',
      kept('rows'),
      keptIfSaid('quarantined'),
      'parts',
      'bytes',
      'since',
      'until',
      kept('load id'),
    ],
    loads.map((load) => [
      load.entity,
      colored(load.status, STATUS_COLORS[load.status]),
      load.load_type,
      right(load.seconds === null ? '' : lasted(load.seconds)),
      right(numberOf(load.rows)),
      right(numberOf(load.rows_quarantined)),
      right(numberOf(load.parts)),
      right(load.bytes === null ? '' : bytes(load.bytes)),
      timeOf(load.since),
      timeOf(load.until),
      load.load_id,
    ]),
  );
}

function numberOf(value: number | null): string {
  return value === null ? '' : count(value);
}

/** `2024-01-15 10:32:00` */
function timeOf(at: string): string {
  return at.slice(0, 19).replace('T', ' ');
}

function sumOf(loads: readonly LoadSummary[], field: 'rows' | 'rows_quarantined' | 'bytes'): number {
  return loads.reduce((sum, load) => sum + (load[field] ?? 0), 0);
}
