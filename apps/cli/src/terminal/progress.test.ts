import { expect, test, vi } from 'vitest';
import { createProgress } from './progress.ts';

test.each([false, true])('objects that are no receipts are named in one line (on a terminal: %s)', (isTTY) => {
  const stderr = process.stderr;
  const before = Object.getOwnPropertyDescriptor(stderr, 'isTTY');
  const write = vi.spyOn(stderr, 'write').mockReturnValue(true);
  Object.defineProperty(stderr, 'isTTY', { value: isTTY, configurable: true });
  try {
    const progress = createProgress();
    progress.event({
      kind: 'strays_ignored',
      entity: 'orders',
      load_id: 'l',
      prefix: 'data/staging/orders/l/receipts/',
      objects: 5,
      names: ['', '.DS_Store', 'a\n.json'],
    });
    progress.stop();
    const text = write.mock.calls.map(([one]) => String(one)).join('');
    // A terminal breaks the line where it ends.
    expect(text.replaceAll('\n', '').split('Ignored: ').slice(1)).toEqual([
      expect.stringContaining(
        'orders, 5 objects in data/staging/orders/l/receipts/ that Bronze did not write there: the marker of the folder, ".DS_Store", "a\\n.json" and others',
      ),
    ]);
  } finally {
    write.mockRestore();
    if (before) Object.defineProperty(stderr, 'isTTY', before);
    else Reflect.deleteProperty(stderr, 'isTTY');
  }
});
