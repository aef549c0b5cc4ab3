import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SecretsManager } from './secrets-manager.ts';

type Reply = { readonly status: number; readonly body: object };

/** Speaks the service's wire protocol (AWS JSON 1.1) on a real socket. */
async function secretsManager(reply: Reply) {
  const asked: unknown[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      asked.push([request.headers['x-amz-target'], JSON.parse(Buffer.concat(chunks).toString())]);
      response.writeHead(reply.status, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify(reply.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const secrets = new SecretsManager({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 2,
  });
  return { secrets, asked };
}

const ARN = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:payments-api-AbCdEf';

test('a secret is read by its ARN', async () => {
  const { secrets, asked } = await secretsManager({ status: 200, body: { SecretString: '{"api_key":"k"}' } });
  expect(await secrets.read(ARN)).toBe('{"api_key":"k"}');
  expect(asked).toEqual([['secretsmanager.GetSecretValue', { SecretId: ARN }]]);
});

describe('a failure to read a secret never shows the account:', () => {
  test.each([
    ['ResourceNotFoundException', 400, 'SECRET_UNREADABLE'],
    ['AccessDeniedException', 400, 'SECRET_UNREADABLE'],
    ['DecryptionFailure', 400, 'SECRET_UNREADABLE'],
    ['InternalServiceError', 500, 'SECRET_UNAVAILABLE'],
    ['ThrottlingException', 400, 'SECRET_UNAVAILABLE'],
  ])('%s with status %i becomes %s', async (type, status, code) => {
    const { secrets } = await secretsManager({ status, body: { __type: type, message: `no ${ARN}` } });
    const failure = await secrets.read(ARN).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ code, message: expect.stringContaining(type) as string });
    expect(String(failure)).not.toContain('123456789012');
  });

  test('a binary secret is SECRET_UNREADABLE', async () => {
    const { secrets } = await secretsManager({ status: 200, body: { SecretBinary: 'AAAA' } });
    await expect(secrets.read(ARN)).rejects.toMatchObject({ code: 'SECRET_UNREADABLE' });
  });

  test('an endpoint that does not answer is SECRET_UNAVAILABLE', async () => {
    const secrets = new SecretsManager({
      endpoint: 'http://127.0.0.1:9',
      region: 'eu-central-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 1,
    });
    await expect(secrets.read(ARN)).rejects.toMatchObject({ code: 'SECRET_UNAVAILABLE' });
  });
});
