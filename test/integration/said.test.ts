/** What the command says when it can't do its work, as a process says it. */
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { bronze, type Ended } from '../command.ts';

const ROOT = join(import.meta.dirname, '../..');

async function configFile(config: object): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bronze-said-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'shop.config.mjs');
  const module = pathToFileURL(join(ROOT, 'packages/common/src/config/config.ts')).href;
  const text = `import { defineConfig } from '${module}';\nexport default defineConfig(${JSON.stringify(config)});\n`;
  await writeFile(file, text);
  return file;
}

const errorOf = ({ stdout }: Ended): unknown => (JSON.parse(stdout) as { error: unknown }).error;

test('mistakes in a configuration are an error in JSON on stdout too, and name the file that was read', async () => {
  const file = await configFile({
    sources: { shop: { type: 'postgres', url: 'postgresql://u@h/d' } },
    entities: { 'order items': { source: 'shop', tabel: 'a.b' } },
  });
  const ended = await bronze(['run', '--config', file, '-o', 'json']);
  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain(`bronze: CONFIG_INVALID: ${file}: the configuration has `);
  expect(ended.stderr).not.toContain('bronze.config.ts');
  expect(errorOf(ended)).toMatchObject({
    code: 'CONFIG_INVALID',
    kind: 'configuration',
    message: expect.stringMatching(/write order_items[^]*did you mean "table"\?/) as string,
    hint: expect.stringContaining('docs/configuration.md') as string,
  });
});

test('an --out that is a URL is refused before anything is read or written, and none of it is shown', async () => {
  const ended = await bronze(['run', '--config', 'none.ts', '--out', 's3://canary/bronze', '-o', 'json']);
  expect([ended.code, errorOf(ended)]).toMatchObject([2, { code: 'CONFIG_INVALID' }]);
  expect(ended.stderr).toMatch(
    /--out takes a path on this machine, and s3:\/\/ is none\n {2}What to do: Name a folder/,
  );
  expect(ended.stdout + ended.stderr).not.toContain('canary');
  await expect(access(join(ROOT, 's3:'))).rejects.toThrow('ENOENT');
});

test('wrong usage is an error in JSON too, and a URL in a wrong option is not repeated', async () => {
  const ended = await bronze(['run', '--databse-url=postgresql://u:canary@h/d', '-o', 'json']);
  expect([ended.code, errorOf(ended)]).toMatchObject([
    2,
    { code: 'CONFIG_INVALID', message: "unknown option '--databse-url=(a URL)" },
  ]);
  expect(ended.stdout + ended.stderr).not.toContain('canary');
});

test('a command for AWS says what is missing to call it: a region, or credentials', async () => {
  const without = { AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: '/none', AWS_SHARED_CREDENTIALS_FILE: '/none' };
  const nowhere = await bronze(['dlq', 'list', '--stack', 'EcomIngestionStack'], without);
  expect([nowhere.code, nowhere.stderr]).toEqual([
    2,
    expect.stringContaining('CONFIG_INVALID: no AWS region is set\n'),
  ]);
  const nobody = await bronze(['checkpoint', 'get', '--bucket', 'b', '--region', 'eu-central-1'], without);
  expect(nobody.code).toBe(2);
  expect(nobody.stderr).toMatch(/CONFIG_INVALID: there are no AWS credentials: Could not load [^]*aws sso login/);
  expect(nobody.stderr).toContain('pass --out');
});

test('the command has the version of its package', async () => {
  const { code, stdout } = await bronze(['--version']);
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
});
