import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { AwsEndpoint } from '@bronze/emulators/aws-endpoint/aws-endpoint';
import { MemoryObjectStore } from '@bronze/emulators/memory-object-store';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runChecks, tableOf } from './checks.ts';
import { s3Checks } from './s3-checks.ts';
import { sqsChecks } from './sqs-checks.ts';

async function open(objects = new MemoryObjectStore()) {
  const endpoint = await AwsEndpoint.start({ openBucket: async () => objects });
  onTestFinished(() => endpoint.close());
  await endpoint.createBucket('bronze');
  return endpoint;
}

const failuresOf = (verdicts: Awaited<ReturnType<typeof runChecks>>) =>
  verdicts.filter(({ problem }) => problem !== undefined).map(({ name, problem }) => `${name}: ${problem}`);

/** Ignores conditions and always puts, as fauxqs and old emulators do. */
class CarelessStore extends MemoryObjectStore {
  override async putIfAbsent(key: string, body: Uint8Array): Promise<'created'> {
    await this.remove(key);
    await super.putIfAbsent(key, body);
    return 'created';
  }

  override async replace(key: string, body: Uint8Array): Promise<boolean> {
    await this.putIfAbsent(key, body);
    return true;
  }
}

describe('Bronze’s local endpoint', () => {
  test('S3 of the local endpoint passes all checks', async () => {
    const endpoint = await open();
    expect(failuresOf(await runChecks('S3', s3Checks(new S3Client(endpoint.client_config), 'bronze')))).toEqual([]);
  });

  test('SQS of the local endpoint passes all checks', async () => {
    const endpoint = await open();
    expect(failuresOf(await runChecks('SQS', sqsChecks(new SQSClient(endpoint.client_config))))).toEqual([]);
  });
});

test('a store that ignores conditions fails the checks of conditional writes, and the table shows it', async () => {
  const endpoint = await open(new CarelessStore());
  const all = s3Checks(new S3Client(endpoint.client_config), 'bronze');
  const conditional = all.filter(({ name }) => /^(?:the probe|If-)/.test(name));
  expect(conditional).toHaveLength(4);
  const verdicts = await runChecks('S3', conditional);
  expect(failuresOf(verdicts).map((failure) => failure.slice(0, 20))).toEqual([
    'the probe at start p',
    'If-None-Match: of 20',
    'If-Match: a counter ',
    'If-Match: a swap wit',
  ]);
  expect(tableOf(verdicts)).toContain('| FAILS |');
});
