import { createServer, type Server, Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { newDatabase } from '../../../../test/database.ts';
import { PgDatabase } from './pg-database.ts';

/** The message by which a client says goodbye: X, and its length. */
const TERMINATE = Buffer.from([0x58, 0, 0, 0, 4]);

/** A middlebox before the database that takes the goodbye and never closes. */
async function silentAtTheEnd(url: string): Promise<{ url: string; open: Set<Socket> }> {
  const target = new URL(url);
  const port = Number(target.port);
  const open = new Set<Socket>();
  const server: Server = createServer((client) => {
    open.add(client);
    client.on('close', () => open.delete(client));
    client.on('error', () => undefined);
    const upstream = new Socket().connect(port, '127.0.0.1');
    upstream.on('error', () => undefined);
    upstream.on('data', (bytes) => client.write(bytes));
    client.on('data', (bytes) => {
      if (!bytes.equals(TERMINATE)) upstream.write(bytes);
    });
    onTestFinished(() => void upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on a port');
  target.port = String(address.port);
  return { url: target.href, open };
}

test('a server that never closes is not waited for: the connection is cut', async () => {
  const middlebox = await silentAtTheEnd(await newDatabase());
  const config = { idle_timeout_seconds: 1, statement_timeout_seconds: 60 };
  const session = await new PgDatabase({ url: async () => middlebox.url, config }).open();
  expect(await session.rows('SELECT 1 AS one', [])).toEqual([{ one: '1' }]);
  await session.close();
  await expect.poll(() => middlebox.open.size, { timeout: 10_000 }).toBe(0);
});

/** A server that asks for a password by SCRAM, and then waits for it. */
async function waitingForPassword(): Promise<{ url: string; open: Set<Socket> }> {
  const asks = (kind: number, text: string) =>
    Buffer.concat([Buffer.from([0x52, 0, 0, 0, 8 + text.length, 0, 0, 0, kind]), Buffer.from(text)]);
  const open = new Set<Socket>();
  const server: Server = createServer((client) => {
    open.add(client);
    client.on('close', () => open.delete(client));
    client.on('error', () => undefined);
    client.once('data', () => {
      client.write(asks(10, 'SCRAM-SHA-256\0\0'));
      client.once('data', () => client.write(asks(11, 'r=n,s=c2FsdA==,i=4096')));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on a port');
  return { url: `postgresql://u@127.0.0.1:${address.port}/d`, open };
}

test('a log-in that fails on this side leaves no connection open, on which the process would wait', async () => {
  const { url, open } = await waitingForPassword();
  const config = { idle_timeout_seconds: 60, statement_timeout_seconds: 60 };
  await expect(new PgDatabase({ url: async () => url, config }).open()).rejects.toThrow('client password must be a');
  await expect.poll(() => open.size).toBe(0);
});
