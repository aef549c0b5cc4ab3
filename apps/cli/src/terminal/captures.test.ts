/** What people see: `captures/` has each screen as a file, so that a change of it is seen in review. */
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, expect, test, vi } from 'vitest';
import { printRows } from '../commands/preview-command.ts';
import { printEnd } from '../commands/run-command.ts';
import { printEntities } from '../commands/status-command.ts';
import {
  configOf,
  eventsOf,
  OUTAGE,
  PREVIEW_NAMES,
  PREVIEW_ROWS,
  reportOf,
  type Size,
  statusesOf,
} from './captures.fixtures.ts';
import { capturing, shownBy, virtualTime } from './fake-terminal.fixtures.ts';
import { createProgress } from './progress.ts';
import { STOPPING } from './stop-on-interrupt.ts';

const SIZES: readonly Size[] = [3, 60];
const WIDTHS = [80, 100, 140] as const;
const OPTIONS = { config: 'bronze.config.ts', out: 'bronze-data', retryFor: 0, output: 'table' } as const;

const ON = (columns: number) => ({ columns, rows: 24 });
const file = (name: string) => join(import.meta.dirname, 'captures', `${name}.txt`);

/** A run in its middle, during an outage, and at its end. */
async function run(size: Size, terminal: { readonly columns: number; readonly rows: number } | undefined) {
  const time = virtualTime();
  const shown: string[] = [];
  const said = await capturing(terminal, (soFar) => {
    const see = (what: string) =>
      shown.push(`── ${what} ──`, ...shownBy(soFar().both, terminal?.columns ?? Infinity), '');
    const progress = createProgress(() => 'shop', { stream: process.stderr, ...time });
    for (const [event, then_ms] of eventsOf(size)) {
      progress.event(event);
      time.pass(then_ms);
    }
    if (terminal) see('while it runs');
    progress.event(OUTAGE);
    time.pass(12_000);
    if (terminal) see('while its database is away');
    for (const text of STOPPING) progress.say(text);
    time.pass(1000);
    if (terminal) see('after Ctrl-C');
    progress.stop();
    printEnd(reportOf(size), OPTIONS, { config: configOf(size), duration_seconds: 61 });
    see('at its end');
  });
  return { said, screen: shown.join('\n') };
}

async function printed(columns: number | undefined, act: () => void): Promise<string> {
  const { both } = await capturing(columns === undefined ? undefined : ON(columns), act);
  return `${shownBy(both, columns ?? Infinity).join('\n')}\n`;
}

const COLOR_VARIABLES = [
  'FORCE_COLOR',
  'NO_COLOR',
  'NODE_DISABLE_COLORS',
  'CI',
  'TMUX',
  'TF_BUILD',
  'TEAMCITY_VERSION',
];
const widest = (text: string) => Math.max(...text.split('\n').map((line) => line.length));

afterEach(() => vi.unstubAllEnvs());

test.each(SIZES.flatMap((size) => WIDTHS.map((width) => [size, width] as const)))(
  'run with %i entities on a terminal of %i columns',
  async (size, width) => {
    const { screen } = await run(size, ON(width));
    await expect(screen).toMatchFileSnapshot(file(`run-${size}-entities-${width}`));
  },
);

test.each(SIZES.flatMap((size) => WIDTHS.map((width) => [size, width] as const)))(
  'status of %i entities on a terminal of %i columns',
  async (size, width) => {
    const screen = await printed(width, () => printEntities(statusesOf(size)));
    await expect(screen).toMatchFileSnapshot(file(`status-${size}-entities-${width}`));
    expect(widest(screen)).toBeLessThanOrEqual(width);
  },
);

test.each(WIDTHS)('preview on a terminal of %i columns', async (width) => {
  const wide = await printed(width, () => printRows(PREVIEW_NAMES, PREVIEW_ROWS));
  const narrow = await printed(width, () =>
    printRows(
      PREVIEW_NAMES.slice(0, 3),
      PREVIEW_ROWS.map((row) => row.slice(0, 3)),
    ),
  );
  await expect(`${wide}\n${narrow}`).toMatchFileSnapshot(file(`preview-${width}`));
});

test('without a terminal nothing is shortened or left out, and a run says how it goes', async () => {
  for (const size of SIZES) {
    await expect((await run(size, undefined)).screen).toMatchFileSnapshot(file(`run-${size}-entities-piped`));
    const status = await printed(undefined, () => printEntities(statusesOf(size)));
    await expect(status).toMatchFileSnapshot(file(`status-${size}-entities-piped`));
  }
  const preview = await printed(undefined, () => printRows(PREVIEW_NAMES, PREVIEW_ROWS));
  await expect(preview).toMatchFileSnapshot(file('preview-piped'));
  expect(preview).not.toContain('…');
});

test('COLUMNS makes output fit in a pipe too', async () => {
  vi.stubEnv('COLUMNS', '80');
  const { stdout } = await capturing(undefined, () => printEntities(statusesOf(60)));
  expect(widest(stdout)).toBeLessThanOrEqual(80);
});

test('colours are there on a terminal, and change nothing but colours; NO_COLOR and pipes have none', async () => {
  // Node asks these too, so that a terminal of an editor or of CI gets what it can show.
  for (const name of COLOR_VARIABLES) vi.stubEnv(name, undefined);
  vi.stubEnv('TERM', 'xterm-256color');
  const colored = (await run(3, ON(100))).said;
  expect(colored.stdout).toContain('\u001B[32mcompleted\u001B[39m');
  expect(colored.stdout).toContain('\u001B[31mfailed');
  const piped = (await run(3, undefined)).said;
  expect(piped.both).toBe(stripVTControlCharacters(piped.both));
  vi.stubEnv('FORCE_COLOR', '1');
  expect((await run(3, undefined)).said.stdout).toContain('\u001B[32mcompleted\u001B[39m');
  vi.stubEnv('FORCE_COLOR', undefined);
  vi.stubEnv('NO_COLOR', '1');
  const plain = (await run(3, ON(100))).said;
  expect(plain.stdout).toBe(stripVTControlCharacters(colored.stdout));
});
