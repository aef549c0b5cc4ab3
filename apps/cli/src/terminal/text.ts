/** Texts as a terminal shows them. Widths are numbers of its columns. */
import stringWidth from 'string-width';

/** The width of the longest line. */
export function widthOf(text: string): number {
  return Math.max(...text.split('\n').map((line) => stringWidth(line)));
}

const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** The text itself if it fits, else as much of each line of it as leaves room for the `…` it then ends with. */
export function shorten(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  return text
    .split('\n')
    .map((line) => shortenLine(line, width))
    .join('\n');
}

function shortenLine(line: string, width: number): string {
  if (stringWidth(line) <= width) return line;
  let start = '';
  let taken = 0;
  for (const { segment } of GRAPHEMES.segment(line)) {
    taken += stringWidth(segment);
    if (taken > width - 1) break;
    start += segment;
  }
  return `${start.trimEnd()}…`;
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stringWidth(text)));
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - stringWidth(text))) + text;
}

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** `a\nb` for a text of two lines, `\x1b[2J` for one that would clear the screen. */
export function visible(text: string, { keep = '' } = {}): string {
  // oxlint-disable-next-line no-control-regex -- these are what it looks for
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, (one) =>
    one === keep ? one : (ESCAPES[one] ?? `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`),
  );
}
