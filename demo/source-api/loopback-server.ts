import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ApiResult, SourceApi } from './source-api.ts';

/** Serves the API on this machine, as API Gateway does in AWS, with the faults that only a socket can have. */
export class LoopbackServer {
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(api: SourceApi): Promise<LoopbackServer> {
    const server = createServer((request, response) => {
      serve(api, request, response).catch((thrown: unknown) => {
        response.destroy(thrown instanceof Error ? thrown : undefined);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new LoopbackServer(server);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function serve(api: SourceApi, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const { faults } = api;
  if (take(faults, 'reset')) {
    request.socket.resetAndDestroy();
    return;
  }
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
  const result = await api.handle({
    path: url.pathname,
    queryStringParameters: Object.fromEntries(url.searchParams),
    headers,
  });
  if (faults.endless) await sendWithoutEnd(response);
  else send(result, response, take(faults, 'truncate') ? 'broken' : take(faults, 'cut_json') ? 'cut' : 'whole');
}

function take(faults: SourceApi['faults'], fault: 'reset' | 'truncate' | 'cut_json'): boolean {
  const left = faults[fault] ?? 0;
  faults[fault] = Math.max(0, left - 1);
  return left > 0;
}

function send(
  { statusCode, headers, body }: ApiResult,
  response: ServerResponse,
  how: 'broken' | 'cut' | 'whole',
): void {
  const bytes = Buffer.from(body);
  const half = bytes.subarray(0, bytes.length >> 1);
  const length = how === 'cut' ? half.length : bytes.length;
  response.writeHead(statusCode, { ...headers, 'content-length': length });
  if (how === 'whole') response.end(bytes);
  else if (how === 'cut') response.end(half);
  else response.write(half, () => response.destroy());
}

/** Two gigabytes of a list, sent in chunks: no length is known beforehand. */
async function sendWithoutEnd(response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json' });
  await pipeline(Readable.from(gigabytes()), response).catch(() => response.destroy());
}

function* gigabytes(): Generator<Buffer> {
  yield Buffer.from('{"data":[');
  const chunk = Buffer.alloc(1024 * 1024, '{"id":"0"},');
  for (let sent = 0; sent < 2 ** 31; sent += chunk.length) yield chunk;
}
