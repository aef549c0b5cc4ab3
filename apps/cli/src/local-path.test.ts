import { expect, test } from 'vitest';
import { localPath } from './local-path.ts';

test.each([
  's3://canary/bronze',
  'S3://canary',
  's3:/canary',
  'gs://canary',
  'file:///canary',
  'postgresql://u:canary@h/d',
])('%s is not a folder, and only its scheme is repeated', (url) => {
  const given = () => localPath('--out')(url);
  expect(given).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', kind: 'configuration' }) as Error);
  expect(given).toThrow(/^--out takes a path on this machine, and \w+:\/\/ is none$/);
  expect(given).not.toThrow(/canary/);
});

test.each(['bronze-data', './s3:', '/tmp/a:/b', 'C:/data', 'C:\\data', '..', 'a b'])('%s is a folder', (path) => {
  expect(localPath('--out')(path)).toBe(path);
});
