import { createServer } from 'node:http';
import { SFNClient } from '@aws-sdk/client-sfn';
import { timestamp } from '@bronze/common/words/timestamp';
import { expect, onTestFinished, test } from 'vitest';
import { StepFunctions } from './step-functions.ts';

/** What the SDK sends, to an endpoint that answers each call with this error, or with success. */
async function callsOf(error: string | undefined, use: (callbacks: StepFunctions) => Promise<void>) {
  const calls: unknown[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      calls.push([String(request.headers['x-amz-target']).split('.')[1], JSON.parse(body)]);
      response.writeHead(error === undefined ? 200 : 400, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(error === undefined ? '{}' : JSON.stringify({ __type: `com.amazonaws.swf#${error}`, message: '' }));
    });
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  await use(
    new StepFunctions(new SFNClient({ endpoint: `http://127.0.0.1:${port}`, region: 'eu-central-1', credentials })),
  );
  return calls;
}

test('a task ends with what became of its entity, or fails with the code of its failure', async () => {
  const calls = await callsOf(undefined, async (callbacks) => {
    await callbacks.end('one', { entity: 'orders', status: 'completed' });
    await callbacks.end('two', { entity: 'items', status: 'failed', reason: 'SOURCE_DENIED' });
  });
  expect(calls).toEqual([
    ['SendTaskSuccess', { taskToken: 'one', output: '{"entity":"orders","status":"completed"}' }],
    ['SendTaskFailure', { taskToken: 'two', error: 'SOURCE_DENIED', cause: 'the load of items did not complete' }],
  ]);
});

const INPUT = {
  scheduled_at: timestamp('2024-01-16T02:00:00Z'),
  is_schedule: true,
  run_id: '00000000-0000-8000-8000-000000000001',
};

test('a run is started once: its execution has a name that depends on the run and on nothing else', async () => {
  const start = (callbacks: StepFunctions) => callbacks.start('arn:aws:states:::stateMachine:x', INPUT);
  const [[action, first] = []] = (await callsOf(undefined, start)) as [string, { name: string; input: string }][];
  expect([action, JSON.parse(first?.input ?? '')]).toEqual(['StartExecution', INPUT]);
  expect(first?.name).toMatch(/^00000000-0000-8000-8000-000000000001-[0-9a-f]{16}$/);
  const [[, again] = []] = (await callsOf('ExecutionAlreadyExists', start)) as [string, { name: string }][];
  expect(again?.name).toBe(first?.name);
});

test.each(['TaskTimedOut', 'TaskDoesNotExist'])('a task that waits no longer (%s) is no failure', async (error) => {
  expect(
    await callsOf(error, (callbacks) => callbacks.end('one', { entity: 'orders', status: 'completed' })),
  ).toHaveLength(1);
});

test('any other refusal is a failure', async () => {
  const ending = callsOf('InvalidToken', (callbacks) =>
    callbacks.end('one', { entity: 'orders', status: 'completed' }),
  );
  await expect(ending).rejects.toThrow(expect.objectContaining({ name: 'InvalidToken' }) as Error);
});
