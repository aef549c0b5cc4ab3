import { request } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { AwsEndpoint } from './aws-endpoint.ts';

const SECRET = { method: 'POST', path: '/', headers: { 'x-amz-target': 'secretsmanager.GetSecretValue' } };
const CALLS = {
  'reads a secret': { ...SECRET, body: '{"SecretId":"key"}' },
  'lists queues': { ...SECRET, headers: { 'x-amz-target': 'AmazonSQS.ListQueues' }, body: '{}' },
  'writes an object': { method: 'PUT', path: '/bronze/a', headers: {}, body: 'rows' },
  'lists a bucket': { method: 'GET', path: '/bronze?list-type=2', headers: {}, body: '' },
} as const;

/** Asks by hand, because `fetch` sets the host itself. `{port}` stands for the endpoint's port. */
async function ask(call: keyof typeof CALLS, given: Readonly<Record<string, string>>) {
  const endpoint = await AwsEndpoint.start({ secrets: { key: 'canary' } });
  onTestFinished(() => endpoint.close());
  await endpoint.createBucket('bronze');
  const { port } = new URL(endpoint.url);
  const { method, path, headers, body } = CALLS[call];
  const own = Object.entries(given).map(([name, value]) => [name, value.replace('{port}', port)]);
  return new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    const options = { host: '127.0.0.1', port, method, path, headers: { ...headers, ...Object.fromEntries(own) } };
    const asked = request(options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => resolve({ status: answer.statusCode, text: Buffer.concat(chunks).toString() }));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

const calls = Object.keys(CALLS) as (keyof typeof CALLS)[];
const strangers: Readonly<Record<string, string>>[] = [
  { host: 'rebound.example.com:{port}' },
  { host: 'rebound.example.com' },
  { host: '127.0.0.1.example.com:{port}' },
  { host: 'bronze.localhost:{port}' },
  { host: 'localhost@example.com' },
  { host: '127.0.0.1:{port}', origin: 'http://example.com' },
  { host: '127.0.0.1:{port}', origin: 'http://127.0.0.1:3000' },
  { host: '127.0.0.1:{port}', origin: 'https://127.0.0.1:{port}' },
  { host: '127.0.0.1:{port}', origin: 'null' },
];

test.each(calls.flatMap((call) => strangers.map((headers) => [call, headers] as const)))(
  'who %s as %j is refused, with words',
  async (call, headers) => {
    const { status, text } = await ask(call, headers);
    expect(status).toBe(403);
    expect(text).toMatch(/This endpoint answers/);
    expect(text).not.toContain('canary');
  },
);

test.each([
  { host: '127.0.0.1:{port}' },
  { host: 'localhost:{port}' },
  { host: 'LOCALHOST:{port}' },
  { host: '[::1]:{port}' },
  { host: 'localhost:8080' },
  { host: '127.0.0.1:{port}', origin: 'http://127.0.0.1:{port}' },
])('this machine is answered as %j', async (headers) => {
  expect(await ask('reads a secret', headers)).toMatchObject({
    status: 200,
    text: expect.stringContaining('canary') as string,
  });
});
