/** The lines that a terminal shows of a run while it works. Pure. */
import { type Column, fit } from './fit.ts';
import { count, entitiesOf, lasted, roughly } from './numbers.ts';
import {
  type EntityView,
  percent,
  rowsDone,
  rowsInAll,
  rowsPerSecond,
  type RunView,
  secondsLeft,
  type Shown,
  type SourceOf,
  type SourceWait,
  type Standing,
  standings,
} from './run-view.ts';
import type { Color, Paint } from './screen.ts';
import { padEnd, padStart, shorten, visible, widthOf } from './text.ts';

export interface Screen {
  readonly columns: number;
  readonly rows: number;
  readonly paint: Paint;
}

/** What the line of an entity says behind its name: words, or figures. */
type Words = {
  readonly word: string;
  readonly color: Color;
  readonly said?: string;
  readonly figures?: readonly string[];
};

const FIGURES: readonly Column[] = [
  { name: '', keep: 'always' },
  { name: '', keep: 'if_room' },
  { name: '', keep: 'if_room' },
  { name: '', keep: 'if_room' },
  { name: '', keep: 'if_room' },
];
const GAP = 2;
/** A log line or the cursor may need a line of its own. */
const ROWS_SPARE = 2;
/** How much of the line a name may take. */
const NAME_SHARE = 0.4;

/**
 * One line for each entity where there is room; otherwise for those that something is being done for, then for those that failed.
 * Then what each source waits for, and the totals. No line is longer than the screen is wide.
 */
export function liveFrame(view: RunView, sourceOf: SourceOf, now_ms: number, screen: Screen): string[] {
  const shown = standings(view, sourceOf, now_ms);
  const waits = [...view.waits.values()].map((wait) => {
    const held_up = shown.filter((one) => one.standing === 'held_up' && sourceOf(one.view.entity) === wait.source);
    return waitLine(wait, held_up.length, now_ms);
  });
  const room = Math.max(1, screen.rows - ROWS_SPARE - waits.length - 1);
  // Those that a source keeps waiting are in its line.
  const others = shown.filter(({ standing }) => standing !== 'held_up');
  const entities = others.length <= room ? others : busiest(others).slice(0, room);
  return [
    ...entityLines(entities, now_ms, screen),
    ...waits.map((text) => screen.paint('yellow', shorten(visible(text), screen.columns))),
    shorten(totals(shown, others.length > entities.length, now_ms - view.started_ms), screen.columns),
  ];
}

function busiest(shown: readonly Shown[]): readonly Shown[] {
  const of = (wanted: Standing) => shown.filter(({ standing }) => standing === wanted);
  return [...of('running'), ...of('failed')];
}

function entityLines(shown: readonly Shown[], now_ms: number, { columns, paint }: Screen): string[] {
  const lines = shown.map(({ view, standing }) => ({ name: view.entity, ...wordsOf(view, standing, now_ms) }));
  const name_width = Math.min(Math.max(0, ...lines.map(({ name }) => widthOf(name))), Math.floor(columns * NAME_SHARE));
  const word_width = Math.max(0, ...lines.map(({ word }) => word.length));
  const width = Math.max(1, columns - name_width - word_width - 2 * GAP);
  const figures = lines.flatMap((line) => (line.figures ? [line.figures] : []));
  const layout = fit(FIGURES, figures, { width: width + GAP, border: 0, border_per_column: GAP });
  const arranged = (cells: readonly string[]) =>
    layout
      ? layout.shown
          .map((index, at) => padStart(cells[index] ?? '', layout.widths[at] ?? 0))
          .filter((figure) => figure !== '')
          .join(' '.repeat(GAP))
      : shorten(cells[0] ?? '', width);
  return lines.map(({ name, word, color, said, figures }) => {
    const rest = figures ? arranged(figures) : shorten(visible(said ?? ''), width);
    const start = `${padEnd(shorten(name, name_width), name_width + GAP)}${paint(color, padEnd(word, word_width))}`;
    return `${start}${' '.repeat(GAP)}${rest}`.trimEnd();
  });
}

function wordsOf(view: EntityView, standing: Standing, now_ms: number): Words {
  const { stage, retried, failure, rows_loaded } = view;
  if (standing === 'waiting') return { word: 'waiting', color: 'gray' };
  if (stage === 'abandoned') return { word: 'abandoned', color: 'yellow' };
  if (stage === 'done')
    return { word: 'done', color: 'green', figures: rows_loaded === undefined ? [] : [`${count(rows_loaded)} rows`] };
  if (stage === 'failed') return { word: 'failed', color: 'red', said: `${failure?.code}: ${failure?.message}` };
  if (retried) {
    const { attempt, failure } = retried;
    return {
      word: 'retrying',
      color: 'yellow',
      said: `attempt ${attempt} failed, ${failure.code}: ${failure.message}`,
    };
  }
  return { word: stage, color: stage === 'writing' ? 'blue' : 'cyan', figures: figuresOf(view, now_ms) };
}

function figuresOf(view: EntityView, now_ms: number): string[] {
  const [all, part, left] = [rowsInAll(view), percent(view), secondsLeft(view, now_ms)];
  const of = all === undefined ? '' : ` of ${view.stage === 'writing' ? count(all) : `~${roughly(all)}`}`;
  return [
    `${count(rowsDone(view))}${of} rows`,
    part === undefined ? '' : `${part} %`,
    `${count(rowsPerSecond(view, now_ms))} rows/s`,
    left === undefined ? '' : `~${lasted(left)} left`,
    lasted((now_ms - view.started_ms) / 1000),
  ];
}

function waitLine({ source, until_ms, failure }: SourceWait, entities: number, now_ms: number): string {
  const seconds = Math.max(0, Math.ceil((until_ms - now_ms) / 1000));
  const whose = entities > 0 ? ` (${entitiesOf(entities)})` : '';
  return `waiting for ${source}${whose}, for ${seconds} s more: ${failure.message}`;
}

const STANDINGS: readonly (readonly [Standing, string])[] = [
  ['running', 'running'],
  ['waiting', 'waiting'],
  ['held_up', 'waiting for a source'],
  ['done', 'done'],
  ['abandoned', 'abandoned'],
  ['failed', 'failed'],
];

/** `2 running, 31 waiting, 12 done, 64 s`. It begins with `…` if some have no line of their own. */
function totals(shown: readonly Shown[], isPartial: boolean, lasted_ms: number): string {
  const counts = STANDINGS.map(([wanted, word]) => ({
    word,
    entities: shown.filter(({ standing }) => standing === wanted).length,
  }));
  const said = counts.filter(({ entities }) => entities > 0).map(({ word, entities }) => `${count(entities)} ${word}`);
  return `${isPartial ? '… ' : ''}${[...said, lasted(lasted_ms / 1000)].join(', ')}`;
}
