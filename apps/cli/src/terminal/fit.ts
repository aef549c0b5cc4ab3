/** Which columns fit how many characters: the layout of tables and of the live display. Widths are those of a terminal. */
import { widthOf } from './text.ts';

/** Columns are listed by importance: where not all fit, the last one that may be left out is left out first. */
export interface Column {
  readonly name: string;
  /** `if_said`: it is left out only while it is empty, or 0, in each row. */
  readonly keep: 'always' | 'if_said' | 'if_room';
  /** The width down to which its values may be shortened. Undefined: they are whole, or the column is left out. */
  readonly width_min?: number | undefined;
}

export interface Layout {
  /** Indices of the columns that are shown, in order. */
  readonly shown: readonly number[];
  /** The width of each of these. */
  readonly widths: readonly number[];
  /** Names of those left out although they say something. */
  readonly left_out: readonly string[];
}

/** The room there is: `width` characters (`Infinity`: any number), of which borders take some for each column. */
export interface Room {
  readonly width: number;
  readonly border: number;
  readonly border_per_column: number;
}

/** @returns undefined if not even the columns fit that are never left out */
export function fit(columns: readonly Column[], rows: readonly (readonly string[])[], room: Room): Layout | undefined {
  const natural = columns.map(({ name }, index) =>
    Math.max(...[name, ...rows.map((row) => row[index] ?? '')].map(widthOf)),
  );
  const isSilent = (index: number) => rows.every((row) => /^0?$/.test(row[index] ?? ''));
  let shown = columns.map((_, index) => index);
  const widthAs = (of: (index: number) => number) =>
    room.border + shown.reduce((sum, index) => sum + of(index) + room.border_per_column, 0);
  const naturally = (index: number) => natural[index] ?? 0;
  const shortest = (index: number) => Math.min(naturally(index), columns[index]?.width_min ?? Infinity);
  const leaveOut = (left: number) => (shown = shown.filter((index) => index !== left));
  const optional = (isLeftOut: (index: number) => boolean) =>
    shown.findLast((index) => columns[index]?.keep !== 'always' && isLeftOut(index));

  // Columns that say nothing go before anything is shortened, and the others after that.
  while (widthAs(naturally) > room.width) {
    const silent = optional(isSilent);
    if (silent === undefined) break;
    leaveOut(silent);
  }
  const left_out: string[] = [];
  while (widthAs(shortest) > room.width) {
    const last = optional((index) => columns[index]?.keep === 'if_room');
    if (last === undefined) return undefined;
    leaveOut(last);
    left_out.unshift(columns[last]?.name ?? '');
  }
  const floors = shown.map(shortest);
  const widths = shrink(shown.map(naturally), floors, widthAs(naturally) - room.width);
  return { shown, widths, left_out };
}

/** Takes `excess` characters from the widest columns that are above their floors. */
function shrink(widths: readonly number[], floors: readonly number[], excess: number): number[] {
  const shrunk = [...widths];
  for (let left = excess; left > 0; left -= 1) {
    const above = shrunk.map((width, index) => (width > (floors[index] ?? width) ? width : -1));
    const widest = above.indexOf(Math.max(...above));
    shrunk[widest] = (shrunk[widest] ?? 0) - 1;
  }
  return shrunk;
}
