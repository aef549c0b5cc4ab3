/** The payments and shipments API: an API-Gateway-style handler over lists of records. */
import { setTimeout as delay } from 'node:timers/promises';
import type { RecordList } from './api-record.ts';
import type { Faults } from './faults.ts';
import { listPage } from './list-page.ts';
import { RateLimit } from './rate-limit.ts';

/** The part of API Gateway's event that is used here. */
export interface ApiEvent {
  readonly path: string;
  readonly queryStringParameters: Readonly<Record<string, string | undefined>> | null;
  /** Named as the caller spelled them. */
  readonly headers: Readonly<Record<string, string | undefined>> | null;
  readonly requestContext?: {
    /** With the stage, which `path` lacks: `/v1/payments`. */
    readonly path?: string | undefined;
  };
}

export interface ApiResult {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface SourceApiOptions {
  /** Lists by path, such as `/payments`. Each function is called with every request. */
  readonly lists: Readonly<Record<string, () => RecordList>>;
  /** The key that callers must send; undefined: none is needed. */
  readonly apiKey: () => Promise<string | undefined>;
  readonly faults?: Faults;
  /** Moves the list at a path; called after each answer from it while `faults.moves` is set. */
  readonly move?: (path: string, how: NonNullable<Faults['moves']>) => void;
}

export class SourceApi {
  readonly faults: Faults;
  /** Requests received so far, whatever their answer. */
  requests = 0;
  readonly #options: SourceApiOptions;
  readonly #limit = new RateLimit();

  constructor(options: SourceApiOptions) {
    this.#options = options;
    this.faults = options.faults ?? {};
  }

  /** Handles one request, as the Lambda's handler does. */
  readonly handle = async (event: ApiEvent): Promise<ApiResult> => {
    this.requests += 1;
    const { faults } = this;
    if (faults.slow_ms) await delay(faults.slow_ms);
    const limited = this.#limit.take(faults.rate_limit, Date.now());
    if (limited.isRefused) return problem(429, 'too many requests', limited.headers);
    const result = await this.#answer(event);
    return { ...result, headers: { ...result.headers, ...limited.headers } };
  };

  async #answer(event: ApiEvent): Promise<ApiResult> {
    const { lists, apiKey } = this.#options;
    const expected = await apiKey();
    if (expected !== undefined && keyIn(event) !== expected) return problem(403, 'forbidden');
    if (this.#isToFail()) return problem(this.faults.fail?.status ?? 500, 'this failure was asked for');
    if (this.faults.redirect !== undefined) return problem(302, 'moved', { location: this.faults.redirect });
    const list = Object.hasOwn(lists, event.path) ? lists[event.path] : undefined;
    if (!list) return problem(404, 'no such list');
    const { status, body, link } = listPage(list(), event, this.faults);
    this.#move(event.path);
    const headers = {
      'content-type': 'application/json',
      ...(link !== undefined && { link: `<${link}>; rel="next"` }),
    };
    return { statusCode: status, headers, body };
  }

  #move(path: string): void {
    const { faults } = this;
    if (!faults.moves || faults.moves_max === 0) return;
    if (faults.moves_max !== undefined) faults.moves_max -= 1;
    this.#options.move?.(path, faults.moves);
  }

  #isToFail(): boolean {
    const { fail } = this.faults;
    if (!fail) return false;
    if (fail.every !== undefined) return this.requests % fail.every === 0;
    fail.times = (fail.times ?? 0) - 1;
    return fail.times >= 0;
  }
}

/** Header names have no case, and API Gateway passes on the caller's. */
function keyIn({ headers }: ApiEvent): string | undefined {
  return Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === 'x-api-key')?.[1];
}

export function problem(status: number, message: string, headers: Record<string, string> = {}): ApiResult {
  return {
    statusCode: status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ message }),
  };
}
