import Table from 'cli-table3';

export type Format = 'table' | 'json';

/** Prints data to stdout, where nothing but data goes. */
export function print(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

/** Prints messages about the work to stderr. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

export type Cell = string | { readonly content: string; readonly hAlign: 'right' };

export function right(content: string): Cell {
  return { content, hAlign: 'right' };
}

/** No lines between rows, so that a run of a hundred entities fits a screen. */
const NO_LINES_BETWEEN = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };

export function printTable(head: readonly string[], rows: readonly (readonly Cell[])[]): void {
  const table = new Table({ head: [...head], style: { head: [], border: [] }, chars: NO_LINES_BETWEEN });
  table.push(...rows.map((row) => [...row]));
  print(table.toString());
}
