import type { Column } from './fit.ts';
import { type Color, columnsOf, paintFor } from './screen.ts';
import { type Cell, type Head, renderTable } from './table.ts';
import { visible } from './text.ts';

export type Format = 'table' | 'json';

/** Prints data to stdout, where nothing but data goes. Control characters in it are shown as escapes. */
export function print(text: string): void {
  process.stdout.write(`${visible(text, { keep: '\n' })}\n`);
}

/** Prints messages about the work to stderr. What a source says may be in them, so control characters are escaped. */
export function say(text: string): void {
  process.stderr.write(`${visible(text, { keep: '\n' })}\n`);
}

/** JSON itself leaves the control characters above U+007E as they are. */
export function printJson(value: unknown): void {
  const json = JSON.stringify(value, null, 2);
  print(json.replaceAll(/[\u007f-\u009f]/g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`));
}

export function right(content: string): Cell {
  return { content, hAlign: 'right' };
}

export function colored(content: string, color: Color | undefined): Cell {
  return { content, color };
}

/** A column that is never left out. */
export function kept(name: string): Column {
  return { name, keep: 'always' };
}

/** A column that is left out only while it is empty, or 0, in each row. */
export function keptIfSaid(name: string): Column {
  return { name, keep: 'if_said' };
}

/** A column of text that may be shortened to `width_min`, and is left out only while it is empty. */
export function flexible(name: string, width_min: number): Column {
  return { name, keep: 'if_said', width_min };
}

/** Prints a table that fits the terminal: see {@link renderTable}. What has no room is named on stderr. */
export function printTable(heads: readonly Head[], rows: readonly (readonly Cell[])[]): void {
  const { stdout } = process;
  const { text, left_out } = renderTable(heads, rows, { width: columnsOf(stdout), paint: paintFor(stdout) });
  // Escape sequences in it are colours: its cells have no others.
  process.stdout.write(`${text}\n`);
  if (left_out.length > 0) say(`No room for ${left_out.join(', ')}: -o json has all columns.`);
}
