import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type ApiEvent, type ApiResult, problem, type SourceApi } from './source-api.ts';

/** Handles an event as a Lambda function does, and has the faults of a socket. */
export type Api = Pick<SourceApi, 'handle' | 'faults'>;

/**
 * Serves the API on this machine, as API Gateway does in AWS, with the faults that only a socket can have.
 *
 * @param stage begins all paths, and is left out of the event's: `/v1`
 */
export class LoopbackServer {
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, stage: string) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${stage}`;
  }

  static async start(api: Api, stage = ''): Promise<LoopbackServer> {
    const server = createServer((request, response) => {
      serve({ api, stage }, request, response).catch((thrown: unknown) => {
        response.destroy(thrown instanceof Error ? thrown : undefined);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new LoopbackServer(server, stage);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

interface Served {
  readonly api: Api;
  readonly stage: string;
}

async function serve({ api, stage }: Served, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const { faults } = api;
  if (take(faults, 'reset')) {
    request.socket.resetAndDestroy();
    return;
  }
  const result = url.pathname.startsWith(`${stage}/`) ? await api.handle(eventOf(url, stage, request)) : FORBIDDEN;
  if (faults.endless) await sendWithoutEnd(response);
  else send(result, response, take(faults, 'truncate') ? 'broken' : take(faults, 'cut_json') ? 'cut' : 'whole');
}

/** What API Gateway answers to a path that it does not have. */
const FORBIDDEN = problem(403, 'Missing Authentication Token');

function eventOf(url: URL, stage: string, request: IncomingMessage): ApiEvent {
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
  return {
    path: url.pathname.slice(stage.length),
    queryStringParameters: Object.fromEntries(url.searchParams),
    headers,
    requestContext: { path: url.pathname },
  };
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
