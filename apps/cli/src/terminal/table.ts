/** Tables for people, as wide as the terminal at most. Pure: the same data in the same width is the same text. */
import Table from 'cli-table3';
import { type Column, fit } from './fit.ts';
import type { Color, Paint } from './screen.ts';
import { padEnd, shorten, visible, widthOf } from './text.ts';

export interface CellOptions {
  readonly content: string;
  readonly hAlign?: 'right';
  readonly color?: Color | undefined;
}
export type Cell = string | CellOptions;

/** A column that may be left out where there is no room, or one with options. */
export type Head = string | Column;

export interface Rendered {
  readonly text: string;
  /** Columns for which there is no room. */
  readonly left_out: readonly string[];
}

/** No lines between rows, so that a run of a hundred entities fits a screen. */
const NO_LINES_BETWEEN = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };
/** `│ a │ b │`: a line at the left, and with each column two spaces and a line. */
const BORDERS = { border: 1, border_per_column: 3 };

/**
 * A table with borders. In less room than it needs, columns without a word in them go first; then values are shortened,
 * where their column allows it; then columns are left out from the right. If that is not enough, each row becomes a
 * block of lines, `column: value`. The first column is never left out.
 */
export function renderTable(
  heads: readonly Head[],
  rows: readonly (readonly Cell[])[],
  { width, paint }: { readonly width: number; readonly paint: Paint },
): Rendered {
  const columns = heads.map((head, index) =>
    typeof head === 'string' ? { name: head, keep: index === 0 ? ('always' as const) : ('if_room' as const) } : head,
  );
  const cells = rows.map((row) => columns.map((_, index) => cellOf(row[index] ?? '')));
  const layout = fit(
    columns,
    cells.map((row) => row.map(({ content }) => content)),
    { ...BORDERS, width },
  );
  if (!layout) return { text: renderBlocks(columns, cells, { width, paint }), left_out: [] };
  const table = new Table({
    head: layout.shown.map((index) => columns[index]?.name ?? ''),
    style: { head: [], border: [] },
    chars: NO_LINES_BETWEEN,
    colWidths: layout.widths.map((one) => one + 2),
  });
  const shownIn = (row: readonly CellOptions[]) =>
    layout.shown.map((index, position) => {
      const { content, hAlign = 'left', color } = row[index] ?? { content: '' };
      const text = shorten(content, layout.widths[position] ?? 0);
      return { content: color ? paint(color, text) : text, hAlign } as const;
    });
  table.push(...cells.map(shownIn));
  return { text: table.toString(), left_out: layout.left_out };
}

/** At least so many characters of a value are shown, also where that makes lines longer than the terminal is wide. */
const VALUE_WIDTH_MIN = 10;

/** `column: value`, a block of lines for each row, without what it leaves empty, and an empty line between two blocks. */
function renderBlocks(
  columns: readonly Column[],
  rows: readonly (readonly CellOptions[])[],
  { width, paint }: { readonly width: number; readonly paint: Paint },
): string {
  const name_width = Math.max(...columns.map(({ name }) => widthOf(name))) + 1;
  const value_width = Math.max(VALUE_WIDTH_MIN, width - name_width - 1);
  const lineOf = ({ content, color }: CellOptions, index: number) => {
    const [first = '', ...more] = shorten(content, value_width).split('\n');
    const values = [first, ...more].map((text) => (color ? paint(color, text) : text));
    const names = [`${columns[index]?.name ?? ''}:`, ...more.map(() => '')];
    return values.map((text, line) => `${padEnd(names[line] ?? '', name_width)} ${text}`.trimEnd()).join('\n');
  };
  const isShown = ({ content }: CellOptions, index: number) => content !== '' || columns[index]?.keep === 'always';
  const blockOf = (row: readonly CellOptions[]) =>
    row.flatMap((cell, index) => (isShown(cell, index) ? [lineOf(cell, index)] : [])).join('\n');
  return rows.map(blockOf).join('\n\n');
}

/** Control characters as their escapes, because the terminal would obey them; a line break stays one. */
function cellOf(cell: Cell): CellOptions {
  const options = typeof cell === 'string' ? { content: cell } : cell;
  return { ...options, content: visible(options.content, { keep: '\n' }) };
}
