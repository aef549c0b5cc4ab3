import { styleText } from 'node:util';

/** The width of a terminal that does not tell its own. */
const COLUMNS_DEFAULT = 80;

export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * How many characters a line of the stream has. `COLUMNS` has the first word, as with git and Python; then the terminal.
 * A file or a pipe has lines of any length, because whoever reads them searches or scrolls, so nothing is left out.
 */
export function columnsOf(stream: OutputStream, environment: Environment = process.env): number {
  const wanted = Number(environment['COLUMNS']);
  if (Number.isInteger(wanted) && wanted > 0) return wanted;
  return stream.isTTY ? stream.columns || COLUMNS_DEFAULT : Infinity;
}

/** Whether lines of the stream can be drawn again: not if it is a file, has no size, or can't move its cursor. */
export function canRedraw(stream: OutputStream, environment: Environment = process.env): boolean {
  return stream.isTTY === true && !!stream.columns && !!stream.rows && environment['TERM'] !== 'dumb';
}

export type Color = 'gray' | 'cyan' | 'blue' | 'green' | 'yellow' | 'red';
/** Colours a text, or returns it as it is. */
export type Paint = (color: Color, text: string) => string;

/** Colours for what is written to the stream. Node decides by the terminal, `NO_COLOR` and `FORCE_COLOR`. */
export function paintFor(stream: NodeJS.WriteStream): Paint {
  return (color, text) => styleText(color, text, { stream });
}

export const PLAIN: Paint = (_, text) => text;
export const COLORED: Paint = (color, text) => styleText(color, text, { validateStream: false });
