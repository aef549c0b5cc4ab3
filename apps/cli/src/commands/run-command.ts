import type { Config } from '@bronze/common/config';
import type { Backfill } from '@bronze/common/load/backfill';
import { type EntityResult, type RunReport, runLocally } from '@bronze/runner/run-locally';
import { engineName } from '@bronze/writer/adapters/engines';
import { causesOf, describeCause } from '../causes.ts';
import { loadConfig, withDatabaseUrl } from '../config-file.ts';
import { driftLines } from '../drift/drift-lines.ts';
import { exitCodeOfRun, exitCodeWithQuarantine } from '../exit-code.ts';
import { quarantinedIn, sinceFull, summarize } from '../run-summary.ts';
import { summaryLine } from '../summary-line.ts';
import { FolderTarget } from '../target/folder-target.ts';
import { leftForLater, leftOut } from '../terminal/left-out.ts';
import { bytes, count, plural } from '../terminal/numbers.ts';
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
import { continuedLine, leftLine, otherLoadLines } from '../terminal/other-runs.ts';
import { createProgress } from '../terminal/progress.ts';
import { describeQuarantine } from '../terminal/quarantined.ts';
import { columnsOf } from '../terminal/screen.ts';
import { RUN_AGAIN, stopOnInterrupt } from '../terminal/stop-on-interrupt.ts';
import { abandonBefore } from './restart.ts';

export interface RunOptions {
  readonly full?: boolean;
  /** The window of `bronze backfill`. */
  readonly backfill?: Backfill;
  readonly restart?: boolean;
  readonly allowQuarantine?: boolean;
  readonly config: string;
  readonly out: string;
  readonly databaseUrl?: string;
  /** In milliseconds. */
  readonly retryFor: number;
  readonly output: Format;
}

/** `bronze run [entity…]`: runs the whole pipeline on this machine. */
export async function runCommand(entities: readonly string[], options: RunOptions): Promise<number> {
  const config = withDatabaseUrl(await loadConfig(options.config), options.databaseUrl);
  if (options.restart) await abandonBefore(config, entities, options.out);
  const started_ms = performance.now();
  const engine = engineName(process.env['PARQUET_ENGINE']);
  const progress = createProgress((entity) => config.entities[entity]?.source);
  const stop = stopOnInterrupt(progress);
  try {
    const report = await runLocally(
      {
        config,
        engine,
        out_dir: options.out,
        environment: process.env,
        retry_for_ms: options.retryFor,
        log: progress,
      },
      {
        stop: stop.signal,
        load_type: options.full ? 'full' : undefined,
        backfill: options.backfill,
        entities: entities.length > 0 ? entities : undefined,
      },
    );
    progress.stop();
    printEnd(report, options, { config, duration_seconds: (performance.now() - started_ms) / 1000 });
    const code = exitCodeOfRun(report.results);
    const allows = (entity: string) => options.allowQuarantine || config.entities[entity]?.allow_quarantine;
    const isMissing = report.results.some(({ entity, loads }) => quarantinedIn(loads).length > 0 && !allows(entity));
    return isMissing ? exitCodeWithQuarantine(code) : code;
  } finally {
    progress.stop();
    stop.release();
  }
}

/** All that a run says at its end. The last lines count what became of its entities, and say how to go on. */
export function printEnd(
  report: RunReport,
  options: RunOptions,
  { config, duration_seconds }: { readonly config: Pick<Config, 'entities'>; readonly duration_seconds: number },
): void {
  const summaries = printReport(report, options, (entity) => Object.hasOwn(config.entities, entity));
  sayFailures(report, config);
  say(summaryLine(summaries, duration_seconds));
  if (report.results.some(({ status }) => status === 'interrupted')) say(RUN_AGAIN);
}

function sayDrift(loads: EntityResult['loads'], options: RunOptions): void {
  for (const load of loads) driftLines(load, options, !sinceFull(loads).includes(load)).forEach(say);
}

function printReport(
  report: RunReport,
  options: RunOptions,
  isConfigured: (entity: string) => boolean,
): readonly ReturnType<typeof summarize>[] {
  const entities = report.results.map(summarize);
  if (options.output === 'json') {
    const { plan, left } = report;
    printJson({ run_id: plan.run_id, out: options.out, entities, skipped: plan.skipped, left });
  } else {
    printEntities(entities);
    for (const { entity, reason } of report.plan.skipped) say(`${entity}: skipped, ${reason}`);
    for (const line of report.results.flatMap(continuedLine)) say(line);
    for (const left of report.left) say(leftLine(left, { ...options, isConfigured }));
    const isWritten = report.results.some(({ loads }) => loads.length > 0);
    if (isWritten) say(`Parquet, checkpoints and load records are in ${options.out}`);
  }
  for (const line of [...report.results.flatMap(skippedLine), ...report.results.flatMap(otherLoadLines)]) say(line);
  for (const load of report.results.flatMap(({ loads }) => loads)) sayLate(load);
  for (const one of entities) {
    sayLeft(one);
    sayLeftOut(one);
    if (one.quarantine.length > 0) say(describeQuarantine(one.entity, one.quarantine, new FolderTarget(options.out)));
  }
  for (const { loads } of report.results) sayDrift(loads, options);
  return entities;
}

/** A failure of a source is that of all its entities, and is said once. */
function sayFailures({ results }: RunReport, { entities }: Pick<Config, 'entities'>): void {
  const failed = results.flatMap(({ entity, failure }) => {
    return failure ? [{ entity, failure, source: entities[entity]?.source ?? '' }] : [];
  });
  const width = columnsOf(process.stderr);
  for (const cause of causesOf(failed)) say(`\n${describeCause(cause, width).join('\n')}`);
}

function skippedLine({ entity, skipped_because }: EntityResult): string[] {
  return skipped_because === undefined ? [] : [`${entity}: skipped, because ${skipped_because} was not loaded`];
}

function sayLate({ entity, since, seen_cursors }: EntityResult['loads'][number]): void {
  if (!seen_cursors?.late) return;
  say(`${entity}: took ${plural(seen_cursors.late, 'record')} that showed late, with cursors before ${since}`);
  say('  If they had just changed: are its source’s clocks right, and its cursor_time_zone?');
}

function sayLeft({ entity, until, left_out }: ReturnType<typeof summarize>): void {
  if (!left_out?.left_for_later) return;
  say(`${entity}: left ${leftForLater(left_out)} for later, with cursors at or after ${until ?? ''}`);
  if (left_out.in_the_future)
    say(`  If these should not be in the future: are its source’s clocks right, and its cursor_time_zone?`);
}

function sayLeftOut({ entity, left_out, loads }: ReturnType<typeof summarize>): void {
  const said = left_out ? leftOut(left_out) : '';
  const by = loads.length > 1 ? 'its loads' : 'this load';
  if (said !== '') say(`${entity}: records that ${by} saw and did not take: ${said}`);
}

const STATUS_COLORS = {
  completed: 'green',
  failed: 'red',
  interrupted: 'yellow',
  abandoned: 'yellow',
  skipped: 'yellow',
} as const;

function printEntities(entities: readonly ReturnType<typeof summarize>[]): void {
  if (entities.length === 0) return print('No entities to run.');
  printTable(
    [
      'entity',
      kept('status'),
      'load',
      kept('rows'),
      keptIfSaid('quarantined'),
      'parts',
      'bytes',
      'rows/s',
      'checkpoint',
    ],
    entities.map((one) => [
      one.entity,
      colored(one.status, STATUS_COLORS[one.status]),
      [...new Set(one.loads.map(({ load_type, backfill }) => (backfill ? 'backfill' : load_type)))].join(' + '),
      right(count(one.rows)),
      right(count(one.rows_quarantined)),
      right(count(one.parts)),
      right(bytes(one.bytes)),
      right(count(one.rows_per_second)),
      one.checkpoint ?? '',
    ]),
  );
}
