import { Writable } from 'node:stream';
import { WriteStream } from 'node:tty';
import { vi } from 'vitest';
import type { ProgressPorts } from './progress.ts';

/** By the environment, as of a real terminal. */
const { getColorDepth } = WriteStream.prototype;

export interface FakeStream {
  readonly stream: NodeJS.WriteStream;
  /** What was written, with all escape sequences. */
  readonly written: () => string;
}

/** A stream that says it is a terminal of this size, or none. */
export function fakeStream(size: { readonly columns: number; readonly rows: number } | undefined): FakeStream {
  let text = '';
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk, _, done) => {
      text += String(chunk);
      done();
    },
  });
  Object.assign(stream, { ...size, isTTY: size !== undefined, getColorDepth });
  return { stream: stream as unknown as NodeJS.WriteStream, written: () => text };
}

/** Timers that run only when time is moved. */
export function virtualTime() {
  let now_ms = 0;
  const timers = new Set<{ interval_ms: number; due_ms: number; act: () => void }>();
  const every: ProgressPorts['every'] = (interval_ms, act) => {
    const timer = { interval_ms, due_ms: now_ms + interval_ms, act };
    timers.add(timer);
    return () => void timers.delete(timer);
  };
  return {
    now_ms: () => now_ms,
    time: () => new Date(Date.UTC(2024, 0, 15, 10, 30) + now_ms).toISOString(),
    every,
    pass: (duration_ms: number) => {
      const end_ms = now_ms + duration_ms;
      for (;;) {
        const [next] = [...timers].filter(({ due_ms }) => due_ms <= end_ms).toSorted((a, b) => a.due_ms - b.due_ms);
        if (!next) break;
        now_ms = next.due_ms;
        next.due_ms += next.interval_ms;
        next.act();
      }
      now_ms = end_ms;
    },
  };
}

const ESC = '\u001B';
const SEQUENCE = new RegExp(`${ESC}\\[(\\??\\d*)([A-Za-z])|\\n|\\r|[^${ESC}\\n\\r]+`, 'g');

/**
 * What a terminal of this width shows after it was sent a text: its lines, those that have scrolled away included. It
 * knows the sequences that log-update sends, and throws at others.
 */
export function shownBy(text: string, columns: number): string[] {
  const lines: string[][] = [[]];
  let [row, column] = [0, 0];
  const moveTo = (to: number) => {
    row = Math.max(0, to);
    while (lines.length <= row) lines.push([]);
  };
  const put = (character: string) => {
    if (column === columns) {
      moveTo(row + 1);
      column = 0;
    }
    const line = lines[row] ?? [];
    while (line.length < column) line.push(' ');
    line[column] = character;
    column += 1;
  };
  for (const [token, parameter = '', command] of text.matchAll(SEQUENCE)) {
    const times = Number(parameter || 1);
    if (token === '\n') {
      moveTo(row + 1);
      column = 0;
    } else if (token === '\r' || command === 'G') column = 0;
    else if (command === undefined) for (const character of token) put(character);
    else if (command === 'A') moveTo(row - times);
    else if (command === 'B') moveTo(row + times);
    else if (command === 'K') lines[row] = parameter === '2' ? [] : (lines[row] ?? []).slice(0, column);
    else if (!/^(?:\?\d+[hl]|\d*m)$/.test(parameter + command))
      throw new RangeError(`unknown sequence ${JSON.stringify(token)}`);
  }
  const shown = lines.map((line) => line.join('').trimEnd());
  return shown.slice(0, shown.findLastIndex((line) => line !== '') + 1);
}

export interface Said {
  readonly stdout: string;
  readonly stderr: string;
  /** In the order in which it was written, as a terminal gets it. */
  readonly both: string;
}

/** Runs `act` while this process's stdout and stderr are streams of a terminal of this size, or of none. */
export async function capturing(
  size: { readonly columns: number; readonly rows: number } | undefined,
  act: (soFar: () => Said) => void | Promise<void>,
): Promise<Said> {
  const said = { stdout: '', stderr: '', both: '' };
  const restores = (['stdout', 'stderr'] as const).map((name) => {
    const write = vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      said[name] += String(chunk);
      said.both += String(chunk);
      return true;
    });
    const faked = Object.entries({
      isTTY: size !== undefined,
      getColorDepth,
      columns: size?.columns,
      rows: size?.rows,
    });
    const before = faked.map(([key]) => [key, Object.getOwnPropertyDescriptor(process[name], key)] as const);
    for (const [key, value] of faked) Object.defineProperty(process[name], key, { value, configurable: true });
    return () => {
      write.mockRestore();
      for (const [key, descriptor] of before) {
        if (descriptor) Object.defineProperty(process[name], key, descriptor);
        else Reflect.deleteProperty(process[name], key);
      }
    };
  });
  try {
    await act(() => said);
  } finally {
    for (const restore of restores) restore();
  }
  return said;
}
