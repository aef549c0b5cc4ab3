import type { PipelineEvent } from '@bronze/common/load/events';
import { expect, test, vi } from 'vitest';
import { createProgress } from './progress.ts';

/** What is written to stderr for one event, without line breaks: a terminal breaks a line where it ends. */
function shown(event: PipelineEvent, isTTY: boolean): string {
  const stderr = process.stderr;
  const before = Object.getOwnPropertyDescriptor(stderr, 'isTTY');
  const write = vi.spyOn(stderr, 'write').mockReturnValue(true);
  Object.defineProperty(stderr, 'isTTY', { value: isTTY, configurable: true });
  try {
    const progress = createProgress();
    progress.event(event);
    progress.stop();
    return write.mock.calls.map(([one]) => String(one).replaceAll('\n', '')).join('');
  } finally {
    write.mockRestore();
    if (before) Object.defineProperty(stderr, 'isTTY', before);
    else Reflect.deleteProperty(stderr, 'isTTY');
  }
}

test.each([false, true])('objects that are no receipts are named in one line (on a terminal: %s)', (isTTY) => {
  const prefix = 'data/staging/orders/l/receipts/';
  const names = ['', '.DS_Store', 'a\n.json'];
  const text = shown({ kind: 'strays_ignored', entity: 'orders', load_id: 'l', prefix, objects: 5, names }, isTTY);
  expect(text.split('Ignored: ').slice(1)).toEqual([
    expect.stringContaining(
      'orders, 5 objects in data/staging/orders/l/receipts/ that Bronze did not write there: the marker of the folder, ".DS_Store", "a\\n.json" and others',
    ),
  ]);
});

test.each([false, true])('a load that a run can’t help is waited for, and why is said (on a terminal: %s)', (isTTY) => {
  const failure = { code: 'KEY_CHANGED', kind: 'permanent', message: 'another key', hint: '' } as const;
  expect(shown({ kind: 'load_left', entity: 'orders', load_id: 'l', failure }, isTTY)).toContain(
    'Waiting: orders, for another run’s load, which this run can’t help: KEY_CHANGED: another key',
  );
});
