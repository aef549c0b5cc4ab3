import { expect, test } from 'vitest';
import { commandLine } from './command-line.ts';

test('a command in a message is whole, and quoted as a shell takes it', () => {
  expect(commandLine(['run', 'orders', '--full'], { config: 'shop.config.ts', out: "it's data" })).toBe(
    String.raw`npx --no -- bronze run orders --full --config shop.config.ts --out 'it'\''s data'`,
  );
  expect(commandLine(['status'], { stack: 'Shop', bucket: 'b', endpoint: undefined })).toBe(
    'npx --no -- bronze status --stack Shop --bucket b',
  );
  expect(commandLine(['status'], { config: undefined, out: '/data' })).toBe('npx --no -- bronze status --out /data');
});
