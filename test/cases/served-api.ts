import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '@bronze/common/ports/clock';
import { type Timestamp, timestamp } from '@bronze/common/words/timestamp';

export interface Asked {
  readonly path: string;
  readonly query: URLSearchParams;
}

export interface Answer {
  /** Default: 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text is sent as it is, anything else as JSON. */
  readonly body: unknown;
  /** Sends the body in chunks of one byte, without a length. */
  readonly isTrickled?: boolean;
}

/** Answers what an API is asked. */
export type Serve = (asked: Asked) => Answer | Promise<Answer>;

const REAL_WAIT_MS_MAX = 5;

/** The one clock of an API and of the process that reads it. Waiting takes no time. */
export class CaseClock implements Clock {
  readonly started_at = '2024-06-01T12:00:00.000Z';
  #ms = Date.parse(this.started_at);

  now(): Timestamp {
    return timestamp(this.ago(0));
  }

  /** The moment so many seconds ago: `2024-06-01T12:00:00.000Z`. */
  ago(seconds: number): string {
    return new Date(this.#ms - seconds * 1000).toISOString();
  }

  advance(seconds: number): void {
    this.#ms += seconds * 1000;
  }

  async sleep(duration_ms: number): Promise<void> {
    this.#ms += duration_ms;
    await delay(Math.min(duration_ms, REAL_WAIT_MS_MAX));
  }
}

export interface ServedApi {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** Serves an API on this machine. */
export async function startApi(serve: Serve, clock: CaseClock): Promise<ServedApi> {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1');
    response.setHeader('date', new Date(clock.ago(0)).toUTCString());
    void Promise.resolve(serve({ path: pathname, query: searchParams })).then((answer) => send(response, answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function send(response: ServerResponse, { status = 200, headers, body, isTrickled }: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  if (!isTrickled) return void response.end(text);
  for (const byte of Buffer.from(text)) response.write(Buffer.of(byte));
  response.end();
}

/** Records with ids from `from`. Each was changed a day before the API started, or earlier. */
export function records({ started_at }: CaseClock, count: number, from = 0): { id: number; updated_at: string }[] {
  const day_before = Date.parse(started_at) - 86_400_000;
  return Array.from({ length: count }, (_, index) => ({
    id: from + index,
    updated_at: new Date(day_before - index * 1000).toISOString(),
  }));
}

export const NO_SUCH_PATH: Answer = { status: 404, body: { error: 'no such path' } };
