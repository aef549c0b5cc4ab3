/** The real command on a terminal of 80 columns, and in a pipe that is closed. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { capturing, shownBy } from '@bronze/cli/terminal/fake-terminal.fixtures';
import { previewCommand } from '@bronze/cli/commands/preview-command';
import { runCommand } from '@bronze/cli/commands/run-command';
import { statusCommand } from '@bronze/cli/commands/status-command';
import { expect, onTestFinished, test, vi } from 'vitest';
import { BRONZE, ended, start } from '../command.ts';
import { newFolder } from '../database.ts';

const CONFIG = join(import.meta.dirname, 'terminal.config.ts');
const TERMINAL = { columns: 80, rows: 24 };
const RECORDS = 1200;
const PAGE = 500;

/** Serves the lists, and tells of each request before it answers. */
async function serveLists(onRequest: (page: number) => void = () => undefined): Promise<void> {
  const server = createServer((request, response) => {
    const page = Number(new URL(request.url ?? '', 'http://api').searchParams.get('page'));
    onRequest(page);
    const from = (page - 1) * PAGE;
    const ids = Array.from({ length: Math.max(0, Math.min(PAGE, RECORDS - from)) }, (_, index) => from + index);
    const data = ids.map((id) => ({ id, note: `a note of ${id}`, updated_at: '2024-01-15T10:30:00Z' }));
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ data }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('TERMINAL_API_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    server.closeAllConnections();
    server.close();
  });
}

const run = (out: string, names: string[] = []) =>
  runCommand(names, { config: CONFIG, out, retryFor: 0, output: 'table' });

const widest = (lines: readonly string[]) => Math.max(...lines.map((line) => line.length));

test('run, status and preview fit a terminal, and the rest is silent in a pipe that is closed', async () => {
  await serveLists();
  const out = await newFolder();
  const said = await capturing(TERMINAL, async () => {
    expect(await run(out)).toBe(0);
  });
  expect(widest(shownBy(said.stdout, Infinity))).toBeLessThanOrEqual(80);
  expect(shownBy(said.stdout, Infinity)[2]).toMatch(/payments .* completed .*1,200/);
  // Nothing of the live display is left.
  expect(shownBy(said.stderr, 80).join('\n')).not.toMatch(/reading|writing|waiting/);
  const status = await capturing(TERMINAL, async () => void (await statusCommand([], { out, output: 'table' })));
  expect(widest(shownBy(status.stdout, Infinity))).toBeLessThanOrEqual(80);
  const preview = await capturing(TERMINAL, async () => {
    await previewCommand('payments', { limit: 2, out, output: 'table' });
  });
  expect(widest(shownBy(preview.stdout, Infinity))).toBeLessThanOrEqual(80);
  expect(preview.stdout).toMatch(/^id: +0\nnote: +a note of 0\n/);
  const command = `"$0" ${BRONZE} preview payments --limit 1000 --out ${out} | head -n 1`;
  const piped = await ended(start('bash', ['-o', 'pipefail', '-c', command, process.execPath]));
  expect(piped).toEqual({ code: 0, stderr: '', stdout: expect.stringMatching(/^┌─+┬[^\n]*┐\n$/) });
});

test('Ctrl-C on a terminal says what happens, leaves nothing of the display, and ends with what to do next', async () => {
  await serveLists((page) => {
    if (page === 2) process.emit('SIGINT');
  });
  const out = await newFolder();
  const said = await capturing(TERMINAL, async () => {
    expect(await run(out, ['payments'])).toBe(130);
  });
  const shown = shownBy(said.stderr, 80);
  expect(shown[0]).toMatch(/^Stopping after the current batch/);
  expect(shown.at(-1)).toMatch(/run the same command again/);
  expect(shown.join('\n')).not.toMatch(/reading|waiting/);
});
