/** The lines that a run says where no display can be drawn again: to files, pipes and logs. Pure. */
import type { PipelineEvent } from '@bronze/common/load/events';
import { count, entitiesOf, lasted, plural, roughly } from './numbers.ts';
import {
  type EntityView,
  percent,
  rowsDone,
  rowsInAll,
  rowsPerSecond,
  type RunView,
  secondsLeft,
  type SourceOf,
  standings,
} from './run-view.ts';

type Of<Kind extends PipelineEvent['kind']> = Extract<PipelineEvent, { kind: Kind }>;

/** The line about an event; undefined if it has none. */
export function plainLine(event: PipelineEvent): string | undefined {
  switch (event.kind) {
    case 'load_claimed':
      return `Starting: Processing ${event.entity} (${whichLoad(event)}${howFiltered(event)})`;
    case 'load_continued':
      return `Continuing: Processing ${event.entity}, the ${event.backfill ? 'backfill' : 'full load'} that was claimed at ${event.claimed_at}`;
    case 'load_completed':
      return `Completed: ${event.entity}, ${plural(event.rows, 'row')} in ${plural(event.parts, 'part')}${quarantined(event)}`;
    case 'window_fallback':
      return `At least once: ${event.entity} ${howRead(event.reason)}, so rows may repeat (${event.reason})`;
    case 'end_implied':
      return `End of list: ${event.entity}, ${howEnded(event)}`;
    case 'source_retried':
      return `Retrying: ${event.entity}, ${event.failure.code}: ${event.failure.message}`;
    case 'message_failed': {
      const { entity, failure, is_dead } = event;
      return `${is_dead ? 'Failed' : 'Retrying'}: ${entity}, ${failure.code}: ${failure.message}`;
    }
    case 'source_waiting':
      return `Waiting: ${event.source}, at most ${event.wait_seconds_max} s more: ${event.failure.message}`;
    case 'source_reached':
      return `Connected: ${event.source}, after ${Math.round(event.waited_seconds)} s`;
    default:
      return lastingLine(event);
  }
}

/** The line about an event that people should see on a terminal too, because the live display has no room for it. */
export function lastingLine(event: PipelineEvent): string | undefined {
  switch (event.kind) {
    case 'strays_ignored':
      return straysText(event);
    case 'connections_lowered':
      return `Connections: ${event.source} allows Bronze ${event.max_connections} at a time; set max_connections: ${event.max_connections}`;
    case 'load_left':
      return `Waiting: ${event.entity}, for another run’s load, which this run can’t help: ${event.failure.code}: ${event.failure.message}`;
    default:
      return undefined;
  }
}

/** The same for all retries of a source for the same reason; undefined for other events. */
export function retryOf(event: PipelineEvent, sourceOf: SourceOf): string | undefined {
  const isRetry = event.kind === 'source_retried' || (event.kind === 'message_failed' && !event.is_dead);
  if (!isRetry) return undefined;
  return JSON.stringify(['retry', sourceOf(event.entity), event.failure.code, event.failure.message]);
}

function whichLoad({ load_type, backfill }: Of<'load_claimed'>): string {
  return backfill ? `backfill from ${backfill.from} to ${backfill.to}` : load_type;
}

function quarantined({ rows_quarantined: rows }: Of<'load_completed'>): string {
  return rows > 0 ? `, ${count(rows)} in quarantine` : '';
}

/** What a load does that can't go by its position alone. */
function howRead(reason: Of<'window_fallback'>['reason']): string {
  if (reason === 'table_changed') return 'is another table now and is loaded in full';
  return reason === 'table_rewritten' ? 'was rewritten and is read whole' : 'uses its timestamp this time';
}

/** One line about files that somebody or something left among the receipts of a load. */
function straysText({ entity, objects, prefix, names }: Of<'strays_ignored'>): string {
  const shown = names.map((name) => (name === '' ? 'the marker of the folder' : JSON.stringify(name)));
  const more = objects > names.length ? ' and others' : '';
  return `Ignored: ${entity}, ${plural(objects, 'object')} in ${prefix} that Bronze did not write there: ${shown.join(', ')}${more}`;
}

/** Explains a slow load: an API that can't be asked for changes is read in full. */
function howFiltered({ since_parameter }: { since_parameter: string | undefined }): string {
  return since_parameter === 'refused' || since_parameter === 'ignored'
    ? `; the API ${since_parameter} the since parameter, so everything is read and filtered`
    : '';
}

/** Shows an end that the API doesn't say plainly, so that people can judge it. */
function howEnded({ how, page, status }: Of<'end_implied'>): string {
  if (how === 'refused') return `the API refuses page ${page} (${status})`;
  return page === undefined ? 'the last page token comes again' : `page ${page} is the last one again`;
}

export interface Heartbeat {
  /** What it is about: the same for all heartbeats of an entity or a source. */
  readonly of: string;
  readonly text: string;
}

/** How it goes: of each entity that something is being done for, and of each source that keeps others waiting. */
export function heartbeats(view: RunView, sourceOf: SourceOf, now_ms: number): Heartbeat[] {
  const shown = standings(view, sourceOf, now_ms);
  const running = shown.filter(({ view, standing }) => standing === 'running' && view.stage !== 'waiting');
  if (running.length === 0 && view.waits.size === 0) {
    return quietBeat(shown.filter(({ standing }) => standing === 'waiting').length, now_ms - view.started_ms);
  }
  return [
    ...running.map(({ view }) => ({ of: `entity ${view.entity}`, text: entityText(view, now_ms) })),
    ...[...view.waits.values()].map(({ source, since_ms, failure }) => ({
      of: `source ${source}`,
      text: `Waiting: ${source}, ${lasted((now_ms - since_ms) / 1000)} so far: ${failure.message}`,
    })),
  ];
}

/** A claim may wait for a lock of its table, and says nothing meanwhile. */
function quietBeat(waiting: number, lasted_ms: number): Heartbeat[] {
  if (waiting === 0) return [];
  return [{ of: 'run', text: `Waiting: ${entitiesOf(waiting)}, ${lasted(lasted_ms / 1000)} so far` }];
}

function entityText(view: EntityView, now_ms: number): string {
  const isWriting = view.stage === 'writing';
  const [all, part, left] = [rowsInAll(view), percent(view), secondsLeft(view, now_ms)];
  const of = all === undefined ? '' : ` of ${isWriting ? count(all) : `about ${roughly(all)}`}`;
  return [
    `${isWriting ? 'Writing' : 'Reading'}: ${view.entity}`,
    `${count(rowsDone(view))}${of} rows${part === undefined ? '' : ` (${part} %)`}`,
    `${count(rowsPerSecond(view, now_ms))} rows/s`,
    `${lasted((now_ms - view.started_ms) / 1000)} so far`,
    ...(left === undefined ? [] : [`about ${lasted(left)} left`]),
  ].join(', ');
}
