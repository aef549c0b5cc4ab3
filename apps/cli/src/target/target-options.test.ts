import { describe, expect, test } from 'vitest';
import { chooseTarget, endpointUrl } from './target-options.ts';

const BUCKET_SET = { S3_BUCKET_NAME: 'shop-bronze' };

describe('the target of a command', () => {
  test('is the folder that --out names, or bronze-data', () => {
    expect(chooseTarget({ out: 'data' }, {})).toEqual({ kind: 'folder', out: 'data', isDoubtful: false });
    expect(chooseTarget({}, {})).toEqual({ kind: 'folder', out: 'bronze-data', isDoubtful: false });
  });

  test('is never AWS because of the environment alone, which is said', () => {
    expect(chooseTarget({}, BUCKET_SET)).toEqual({ kind: 'folder', out: 'bronze-data', isDoubtful: true });
    expect(chooseTarget({ out: 'data' }, BUCKET_SET)).toMatchObject({ out: 'data', isDoubtful: false });
    expect(chooseTarget({}, { S3_BUCKET_NAME: '' })).toMatchObject({ isDoubtful: false });
  });

  test.each(['stack', 'bucket', 'profile', 'region', 'endpoint'] as const)('is AWS with --%s', (option) => {
    expect(chooseTarget({ [option]: 'given' }, {})).toMatchObject({ kind: 'aws', aws: { [option]: 'given' } });
    expect(() => chooseTarget({ [option]: 'given', out: 'data' }, {})).toThrow(`--${option} of a pipeline on AWS`);
  });

  test('on AWS has the stack and the bucket that are given, else the usual ones', () => {
    expect(chooseTarget({ region: 'eu-central-1' }, BUCKET_SET)).toMatchObject({
      aws: { stack: 'EcomIngestionStack', bucket: 'shop-bronze', region: 'eu-central-1' },
    });
    expect(chooseTarget({ stack: 'Shop', bucket: 'other' }, BUCKET_SET)).toMatchObject({
      aws: { stack: 'Shop', bucket: 'other' },
    });
  });
});

test.each(['localhost:4566', '127.0.0.1', 'http://', 's3://bucket', ''])('--endpoint %j is refused', (text) => {
  expect(() => endpointUrl(text)).toThrow('--endpoint is not a URL');
  expect(endpointUrl('http://127.0.0.1:4566')).toBe('http://127.0.0.1:4566');
});
