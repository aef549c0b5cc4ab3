import { styleText } from 'node:util';
import type { PipelineEvent } from '@bronze/common/load/events';
import { createLogUpdate } from 'log-update';
import { count, perSecond, plural } from './numbers.ts';
import { say } from './output.ts';

const REDRAW_INTERVAL_MS = 100;

interface Line {
  stage: 'waiting' | 'extracting' | 'writing' | 'done' | 'failed';
  rows_staged: number;
  rows_written: number;
  started_ms: number;
  ended_ms: number | undefined;
}

/** Shows a run's progress on stderr: a live display on a terminal, plain lines elsewhere. */
export interface Progress {
  event(event: PipelineEvent): void;
  stop(): void;
}

export function createProgress(): Progress {
  return process.stderr.isTTY ? new LiveProgress() : new PlainProgress();
}

/** Lines such as `[2024-01-15 10:30:45] Starting: Processing orders (full)`, in UTC. */
class PlainProgress implements Progress {
  event(event: PipelineEvent): void {
    if (event.kind === 'load_claimed')
      line(`Starting: Processing ${event.entity} (${event.load_type}${howFiltered(event)})`);
    if (event.kind === 'load_continued') {
      line(`Continuing: Processing ${event.entity}, the full load that was claimed at ${event.claimed_at}`);
    }
    if (event.kind === 'load_completed') {
      const quarantined = event.rows_quarantined > 0 ? `, ${count(event.rows_quarantined)} in quarantine` : '';
      line(`Completed: ${event.entity}, ${plural(event.rows, 'row')} in ${plural(event.parts, 'part')}${quarantined}`);
    }
    if (event.kind === 'window_fallback') {
      line(`At least once: ${event.entity} ${howRead(event.reason)}, so rows may repeat (${event.reason})`);
    }
    if (event.kind === 'strays_ignored') line(straysText(event));
    if (event.kind === 'end_implied') line(`End of list: ${event.entity}, ${howEnded(event)}`);
    if (event.kind === 'source_retried') {
      line(`Retrying: ${event.entity}, ${event.failure.code}: ${event.failure.message}`);
    }
    const said = describeWait(event);
    if (said !== undefined) line(said);
    if (event.kind === 'message_failed') {
      const { entity, failure, is_dead } = event;
      line(`${is_dead ? 'Failed' : 'Retrying'}: ${entity}, ${failure.code}: ${failure.message}`);
    }
  }

  stop(): void {}
}

/** What a load does that can't go by its position alone. */
function howRead(reason: Extract<PipelineEvent, { kind: 'window_fallback' }>['reason']): string {
  if (reason === 'table_changed') return 'is another table now and is loaded in full';
  return reason === 'table_rewritten' ? 'was rewritten and is read whole' : 'uses its timestamp this time';
}

/** One line about files that somebody or something left among the receipts of a load. */
function straysText({ entity, objects, prefix, names }: Extract<PipelineEvent, { kind: 'strays_ignored' }>): string {
  const shown = names.map((name) => (name === '' ? 'the marker of the folder' : JSON.stringify(name)));
  const more = objects > names.length ? ' and others' : '';
  return `Ignored: ${entity}, ${plural(objects, 'object')} in ${prefix} that Bronze did not write there: ${shown.join(', ')}${more}`;
}

/** What a run, or all that reads from a source, waits for. */
function describeWait(event: PipelineEvent): string | undefined {
  switch (event.kind) {
    case 'source_waiting':
      return `Waiting: ${event.source}, at most ${event.wait_seconds_max} s more: ${event.failure.message}`;
    case 'source_reached':
      return `Connected: ${event.source}, after ${Math.round(event.waited_seconds)} s`;
    case 'connections_lowered':
      return `Connections: ${event.source} allows Bronze ${event.max_connections} at a time; set max_connections: ${event.max_connections}`;
    case 'load_left':
      return `Waiting: ${event.entity}, for another run’s load, which this run can’t help: ${event.failure.code}: ${event.failure.message}`;
    default:
      return undefined;
  }
}

/** Explains a slow load: an API that can't be asked for changes is read in full. */
function howFiltered({ since_parameter }: { since_parameter: string | undefined }): string {
  return since_parameter === 'refused' || since_parameter === 'ignored'
    ? `; the API ${since_parameter} the since parameter, so everything is read and filtered`
    : '';
}

/** Shows an end that the API doesn't say plainly, so that people can judge it. */
function howEnded({ how, page, status }: Extract<PipelineEvent, { kind: 'end_implied' }>): string {
  if (how === 'refused') return `the API refuses page ${page} (${status})`;
  return page === undefined ? 'the last page token comes again' : `page ${page} is the last one again`;
}

function line(text: string): void {
  say(`[${new Date().toISOString().slice(0, 19).replace('T', ' ')}] ${text}`);
}

/** Events after which nothing more of the entity is to come. */
const DONE: ReadonlySet<PipelineEvent['kind']> = new Set(['load_completed', 'load_abandoned', 'request_done']);

class LiveProgress implements Progress {
  readonly #lines = new Map<string, Line>();
  /** What each source waits for. */
  readonly #waits = new Map<string, string>();
  readonly #draw = createLogUpdate(process.stderr);
  #isStopped = false;
  readonly #timer = setInterval(() => this.#redraw(), REDRAW_INTERVAL_MS);

  event(event: PipelineEvent): void {
    if (event.kind === 'source_waiting') this.#waits.set(event.source, describeWait(event) ?? '');
    if (event.kind === 'source_reached') this.#waits.delete(event.source);
    if (event.kind === 'strays_ignored') this.#draw.persist(straysText(event));
    if (event.kind === 'load_left') this.#draw.persist(describeWait(event) ?? '');
    this.#move(this.#lineOf(event.entity), event);
  }

  #move(shown: Line, event: PipelineEvent): void {
    if (event.kind === 'load_claimed' || event.kind === 'load_continued') {
      shown.stage = 'extracting';
      shown.started_ms = performance.now();
    }
    if (event.kind === 'batch_staged') shown.rows_staged += event.rows;
    if (event.kind === 'slice_committed' && event.final) shown.stage = 'writing';
    if (event.kind === 'task_written') shown.rows_written += event.rows + event.rows_quarantined;
    if (DONE.has(event.kind)) this.#end(shown, 'done');
    if (event.kind === 'message_failed' && event.is_dead) this.#end(shown, 'failed');
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#redraw();
    this.#draw.done();
  }

  #end(shown: Line, stage: Line['stage']): void {
    shown.stage = stage;
    shown.ended_ms = performance.now();
  }

  #lineOf(entity: string): Line {
    const known = this.#lines.get(entity);
    if (known) return known;
    const started_ms = performance.now();
    const fresh: Line = { stage: 'waiting', rows_staged: 0, rows_written: 0, started_ms, ended_ms: undefined };
    this.#lines.set(entity, fresh);
    return fresh;
  }

  #redraw(): void {
    const width = Math.max(0, ...[...this.#lines.keys()].map((entity) => entity.length));
    const lines = [...this.#lines].map(([entity, shown]) => draw(entity.padEnd(width), shown));
    this.#draw([...lines, ...this.#waits.values()].join('\n'));
  }
}

const COLORS = { waiting: 'gray', extracting: 'cyan', writing: 'blue', done: 'green', failed: 'red' } as const;

function draw(entity: string, shown: Line): string {
  const stage = styleText(COLORS[shown.stage], shown.stage.padEnd(10), { stream: process.stderr });
  const seconds = ((shown.ended_ms ?? performance.now()) - shown.started_ms) / 1000;
  const rate = shown.stage === 'waiting' ? '' : `${count(perSecond(shown.rows_staged, seconds))} rows/s`;
  return `${entity}  ${stage} ${count(shown.rows_staged).padStart(12)} staged ${count(shown.rows_written).padStart(12)} written  ${rate}`;
}
