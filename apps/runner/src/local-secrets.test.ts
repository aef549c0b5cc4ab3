import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LocalSecrets } from './local-secrets.ts';

const others = async () => ({ read: async (name: string) => `secret of ${name}` });
const secrets = new LocalSecrets({ SHOP_API_KEY: '{"api_key":"k"}' }, others);

test('a secret comes from a variable, from a file, or by any other name from elsewhere', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'bronze-secret-')), 'key');
  await writeFile(file, 'bare-key\n');
  expect(await secrets.read('env:SHOP_API_KEY')).toBe('{"api_key":"k"}');
  expect(await secrets.read(`file:${file}`)).toBe('bare-key\n');
  expect(await secrets.read('arn:aws:x')).toBe('secret of arn:aws:x');
});

test.each([
  ['env:NOT_SET', /NOT_SET, which is not set/],
  ['file:/nowhere/key', /\/nowhere\/key, which can’t be read \(ENOENT\)/],
])('the missing secret %s fails with a message that names the place', async (name, message) => {
  await expect(secrets.read(name)).rejects.toMatchObject({
    code: 'SECRET_UNREADABLE',
    message: expect.stringMatching(message) as string,
  });
});
