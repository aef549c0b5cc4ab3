import type { PipelineEvent } from '@bronze/common/load/events';
import { createLogUpdate } from 'log-update';
import { liveFrame } from './live-frame.ts';
import { type Heartbeat, heartbeats, lastingLine, plainLine, retryOf } from './plain-lines.ts';
import { note, type RunView, type SourceOf, startOfRun } from './run-view.ts';
import { canRedraw, columnsOf, paintFor } from './screen.ts';
import { visible } from './text.ts';

const REDRAW_INTERVAL_MS = 200;
const HEARTBEAT_INTERVAL_MS = 10_000;
/** How often it is looked whether a heartbeat is due. */
const TICK_MS = 1000;

/** Shows a run's progress on stderr: a live display on a terminal, plain lines elsewhere. */
export interface Progress {
  event(event: PipelineEvent): void;
  /** Says something that stays to be read, also while the live display is drawn. Control characters are escaped. */
  say(text: string): void;
  /** Ends it, and clears the live display away. */
  stop(): void;
}

/** What the progress asks of the world. */
export interface ProgressPorts {
  readonly stream: NodeJS.WriteStream;
  readonly now_ms: () => number;
  /** The date and time of day, in ISO 8601. */
  readonly time: () => string;
  /** Calls `act` again and again, until the returned function is called. */
  readonly every: (interval_ms: number, act: () => void) => () => void;
}

const OURS: ProgressPorts = {
  stream: process.stderr,
  now_ms: () => performance.now(),
  time: () => new Date().toISOString(),
  every: (interval_ms, act) => {
    const timer = setInterval(act, interval_ms);
    return () => clearInterval(timer);
  },
};

/** @param sourceOf the source of an entity in the configuration */
export function createProgress(sourceOf: SourceOf, ports: ProgressPorts = OURS): Progress {
  return canRedraw(ports.stream) ? new LiveProgress(sourceOf, ports) : new PlainProgress(sourceOf, ports);
}

/** Lines such as `[2024-01-15 10:30:45] Starting: Processing orders (full)`, in UTC. */
class PlainProgress implements Progress {
  readonly #sourceOf: SourceOf;
  readonly #ports: ProgressPorts;
  readonly #endTicks: () => void;
  /** When a heartbeat about each of these, or a retry, was said last, or could have been. */
  readonly #said_ms = new Map<Heartbeat['of'], number>();
  readonly #view: RunView;

  constructor(sourceOf: SourceOf, ports: ProgressPorts) {
    this.#sourceOf = sourceOf;
    this.#ports = ports;
    this.#view = startOfRun(ports.now_ms());
    this.#endTicks = ports.every(TICK_MS, () => this.#beat());
  }

  event(event: PipelineEvent): void {
    note(this.#view, event, this.#ports.now_ms());
    const text = plainLine(event);
    // An event is one line, whatever a source says.
    if (text !== undefined && !this.#wasSaid(event)) this.say(visible(text));
  }

  say(text: string): void {
    const at = this.#ports.time().slice(0, 19).replace('T', ' ');
    this.#ports.stream.write(`[${at}] ${visible(text, { keep: '\n' })}\n`);
  }

  /** Whether another entity of the same source has just been said to try again for the same reason. */
  #wasSaid(event: PipelineEvent): boolean {
    const retry = retryOf(event, this.#sourceOf);
    if (retry === undefined) return false;
    const [now_ms, last_ms] = [this.#ports.now_ms(), this.#said_ms.get(retry)];
    if (last_ms !== undefined && now_ms - last_ms < HEARTBEAT_INTERVAL_MS) return true;
    this.#said_ms.set(retry, now_ms);
    return false;
  }

  stop(): void {
    this.#endTicks();
  }

  #beat(): void {
    const now_ms = this.#ports.now_ms();
    const beats = heartbeats(this.#view, this.#sourceOf, now_ms);
    for (const { of, text } of beats) {
      const last_ms = this.#said_ms.get(of);
      if (last_ms === undefined) this.#said_ms.set(of, now_ms);
      if (last_ms === undefined || now_ms - last_ms < HEARTBEAT_INTERVAL_MS) continue;
      this.#said_ms.set(of, now_ms);
      this.say(text);
    }
  }
}

class LiveProgress implements Progress {
  readonly #sourceOf: SourceOf;
  readonly #ports: ProgressPorts;
  readonly #draw: ReturnType<typeof createLogUpdate>;
  readonly #endRedraws: () => void;
  readonly #view: RunView;
  #isStopped = false;

  constructor(sourceOf: SourceOf, ports: ProgressPorts) {
    this.#sourceOf = sourceOf;
    this.#ports = ports;
    this.#draw = createLogUpdate(ports.stream);
    this.#view = startOfRun(ports.now_ms());
    this.#endRedraws = ports.every(REDRAW_INTERVAL_MS, () => this.#redraw());
  }

  event(event: PipelineEvent): void {
    note(this.#view, event, this.#ports.now_ms());
    const text = lastingLine(event);
    if (text !== undefined) this.say(visible(text));
  }

  say(text: string): void {
    const shown = visible(text, { keep: '\n' });
    if (this.#isStopped) this.#ports.stream.write(`${shown}\n`);
    else this.#draw.persist(shown);
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#endRedraws();
    this.#draw.clear();
    this.#draw.done();
  }

  #redraw(): void {
    const { stream, now_ms } = this.#ports;
    const screen = { columns: columnsOf(stream), rows: stream.rows, paint: paintFor(stream) };
    this.#draw(liveFrame(this.#view, this.#sourceOf, now_ms(), screen).join('\n'));
  }
}
