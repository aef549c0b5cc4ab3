/** What a run is doing, as its events tell: what the live display and the heartbeat lines are made from. */
import type { PipelineEvent } from '@bronze/common/load/events';
import type { Failure } from '@bronze/common/words/failure';

/** Over how many seconds rows per second are averaged. */
const RATE_SECONDS = 10;
/** A rate says nothing before. */
const RATE_SECONDS_MIN = 1;
/** Batches come seconds apart: before, the time that is left would jump. */
const ESTIMATE_SECONDS_MIN = 5;

/** `waiting`: for its turn. */
export type Stage = 'waiting' | 'reading' | 'writing' | 'done' | 'abandoned' | 'failed';

export interface EntityView {
  readonly entity: string;
  readonly stage: Stage;
  /** The load that the figures are of; undefined before there is one. */
  readonly load_id: string | undefined;
  /** Whether this process has seen the load from its beginning, so that its rows are all rows. */
  readonly is_whole: boolean;
  readonly started_ms: number;
  readonly rows_read: number;
  /** With those in quarantine. */
  readonly rows_written: number;
  /** Of the whole load, once it is complete. */
  readonly rows_loaded: number | undefined;
  /** About how many rows the load will read; undefined if nobody knows. */
  readonly rows_estimated: number | undefined;
  /** Rows read or written lately, the oldest first. */
  readonly recent: readonly { readonly at_ms: number; readonly read: number; readonly written: number }[];
  /** Why what it did last has to be done again. */
  readonly retried: { readonly attempt: number; readonly failure: Failure } | undefined;
  /** Why it failed. */
  readonly failure: Failure | undefined;
}

/** A source that nothing can be read from for now. */
export interface SourceWait {
  readonly source: string;
  readonly since_ms: number;
  /** When the wait is given up. */
  readonly until_ms: number;
  readonly failure: Failure;
}

export interface RunView {
  readonly started_ms: number;
  readonly entities: Map<string, EntityView>;
  readonly waits: Map<string, SourceWait>;
}

export function startOfRun(now_ms: number): RunView {
  return { started_ms: now_ms, entities: new Map(), waits: new Map() };
}

/** Notes an event in the view itself: a run may have ten thousand entities, and each of them many events. */
export function note(view: RunView, event: PipelineEvent, now_ms: number): void {
  const before = view.entities.get(event.entity) ?? waiting(event.entity, now_ms);
  view.entities.set(event.entity, entityAfter(before, event, now_ms));
  noteWait(view.waits, event, now_ms);
}

function waiting(entity: string, now_ms: number): EntityView {
  return {
    entity,
    stage: 'waiting',
    load_id: undefined,
    is_whole: false,
    started_ms: now_ms,
    rows_read: 0,
    rows_written: 0,
    rows_loaded: undefined,
    rows_estimated: undefined,
    recent: [],
    retried: undefined,
    failure: undefined,
  };
}

function noteWait(waits: RunView['waits'], event: PipelineEvent, now_ms: number): void {
  if (event.kind === 'source_reached') waits.delete(event.source);
  if (event.kind !== 'source_waiting') return;
  const { source, failure, wait_seconds_max } = event;
  waits.set(source, { source, failure, since_ms: now_ms, until_ms: now_ms + wait_seconds_max * 1000 });
}

function entityAfter(before: EntityView, event: PipelineEvent, now_ms: number): EntityView {
  switch (event.kind) {
    case 'load_claimed':
      return { ...started(before, event.load_id, now_ms), is_whole: true, rows_estimated: event.rows_estimated };
    case 'load_continued':
      return ofLoad(before, event.load_id, now_ms);
    case 'batch_staged':
      return withRows(ofLoad(before, event.load_id, now_ms), { read: event.rows, written: 0 }, now_ms);
    case 'slice_committed': {
      const load = ofLoad(before, event.load_id, now_ms);
      return event.final ? { ...load, stage: 'writing', retried: undefined } : load;
    }
    case 'task_written': {
      const rows = { read: 0, written: event.rows + event.rows_quarantined };
      return withRows(ofLoad(before, event.load_id, now_ms), rows, now_ms);
    }
    case 'load_completed':
      return { ...before, stage: 'done', retried: undefined, rows_loaded: event.rows };
    case 'request_done':
      return { ...before, stage: 'done', retried: undefined };
    case 'load_abandoned':
      return { ...before, stage: 'abandoned', retried: undefined };
    case 'source_retried':
      return { ...before, retried: { attempt: event.attempt, failure: event.failure } };
    case 'message_failed':
      return event.is_dead
        ? { ...before, stage: 'failed', failure: event.failure, retried: undefined }
        : { ...before, retried: { attempt: event.receive_count, failure: event.failure } };
    default:
      return before;
  }
}

function started({ entity }: EntityView, load_id: string, now_ms: number): EntityView {
  return { ...waiting(entity, now_ms), stage: 'reading', load_id };
}

/** The view of this load: what an earlier run has done of it is not known. */
function ofLoad(before: EntityView, load_id: string, now_ms: number): EntityView {
  return before.load_id === load_id ? before : started(before, load_id, now_ms);
}

function withRows(before: EntityView, rows: { read: number; written: number }, now_ms: number): EntityView {
  const isRecent = ({ at_ms }: { at_ms: number }) => at_ms >= now_ms - RATE_SECONDS * 1000;
  return {
    ...before,
    rows_read: before.rows_read + rows.read,
    rows_written: before.rows_written + rows.written,
    recent: [...before.recent.filter(isRecent), { at_ms: now_ms, ...rows }],
    retried: undefined,
  };
}

/** Rows per second of the last {@link RATE_SECONDS} seconds: those read, or written where reading is over. */
export function rowsPerSecond({ stage, recent, started_ms }: EntityView, now_ms: number): number {
  const seconds = Math.min(RATE_SECONDS, Math.max(RATE_SECONDS_MIN, (now_ms - started_ms) / 1000));
  const lately = recent.filter(({ at_ms }) => at_ms >= now_ms - seconds * 1000);
  const rows = lately.reduce((sum, { read, written }) => sum + (stage === 'writing' ? written : read), 0);
  return Math.round(rows / seconds);
}

/** How many rows there are to read and to write. Undefined where nobody knows, or more have come than were estimated. */
export function rowsInAll({ stage, is_whole, rows_read, rows_estimated }: EntityView): number | undefined {
  if (!is_whole) return undefined;
  if (stage === 'writing') return rows_read;
  return rows_estimated !== undefined && rows_read < rows_estimated ? rows_estimated : undefined;
}

/** How many of {@link rowsInAll} are done. */
export function rowsDone({ stage, rows_read, rows_written }: EntityView): number {
  return stage === 'writing' ? rows_written : rows_read;
}

/** Rows done of {@link rowsInAll}, in per cent. */
export function percent(view: EntityView): number | undefined {
  const all = rowsInAll(view);
  if (!all) return undefined;
  return Math.floor((100 * rowsDone(view)) / all);
}

/** Each row is read, then written: as fast as on the average until now. Undefined where nobody knows, or nothing moves. */
export function secondsLeft(view: EntityView, now_ms: number): number | undefined {
  const all = rowsInAll(view);
  const done = view.rows_read + view.rows_written;
  const seconds = (now_ms - view.started_ms) / 1000;
  if (all === undefined || seconds < ESTIMATE_SECONDS_MIN || rowsPerSecond(view, now_ms) === 0) return undefined;
  return ((2 * all - done) * seconds) / done;
}

/** `held_up`: its source can't be reached for now. `waiting`: for its turn. */
export type Standing = 'running' | 'held_up' | 'waiting' | 'done' | 'abandoned' | 'failed';

/** The source of an entity in the configuration. */
export type SourceOf = (entity: string) => string | undefined;

export interface Shown {
  readonly view: EntityView;
  readonly standing: Standing;
}

/** All entities of the run, in the order in which they were planned, and how each stands. */
export function standings({ entities, waits }: RunView, sourceOf: SourceOf, now_ms: number): readonly Shown[] {
  return [...entities.values()].map((view) => {
    const isAway = waits.has(sourceOf(view.entity) ?? '');
    return { view, standing: standingOf(view, isAway, now_ms) };
  });
}

function standingOf(view: EntityView, isAway: boolean, now_ms: number): Standing {
  const { stage, retried } = view;
  if (stage === 'writing') return 'running';
  if (stage !== 'reading' && stage !== 'waiting') return stage;
  // Others of the source may still have the connection that this one waits for.
  if (isAway && rowsPerSecond(view, now_ms) === 0) return 'held_up';
  return stage === 'reading' || retried ? 'running' : 'waiting';
}
