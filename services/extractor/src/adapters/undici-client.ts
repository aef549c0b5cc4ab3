import { BronzeError, type FailureCode } from '@bronze/common/words/failure';
import type { RestSourceConfig } from '@bronze/common/config/rest';
import { Agent, errors, request } from 'undici';
import type { HttpAnswer, HttpClient } from '../rest/http/http.ts';
import { NOT_REACHED } from '../unreachable.ts';

/** Compressed answers are not asked for, so none can expand beyond the cap. */
const HEADERS = { 'accept-encoding': 'identity', 'user-agent': 'bronze' };

/**
 * HTTP by undici: one connection pool per source, a time-out for each attempt and a cap on the size of a response.
 * Redirects are not followed here.
 */
export class UndiciClient implements HttpClient {
  readonly #agent: Agent;
  readonly #timeout_ms: number;
  readonly #bytes_max: number;

  constructor(config: RestSourceConfig) {
    this.#timeout_ms = config.request_timeout_seconds * 1000;
    this.#bytes_max = config.response_bytes_max;
    // One time-out covers the whole attempt; undici's own would cut in after five minutes.
    const timeouts = { connectTimeout: this.#timeout_ms, headersTimeout: 0, bodyTimeout: 0 };
    this.#agent = new Agent({ maxResponseSize: config.response_bytes_max, ...timeouts });
  }

  async get(url: string, headers: Readonly<Record<string, string>>, left_ms: number): Promise<HttpAnswer> {
    const { host } = new URL(url);
    const timeout_ms = Math.min(this.#timeout_ms, left_ms);
    try {
      const signal = AbortSignal.timeout(timeout_ms);
      const answer = await request(url, { dispatcher: this.#agent, headers: { ...HEADERS, ...headers }, signal });
      const names = lowerCase(answer.headers);
      if (Number(names['content-length'] ?? 0) > this.#bytes_max) {
        // A body that is left unread keeps its connection.
        answer.body.on('error', () => undefined).destroy();
        throw this.#tooLarge(host);
      }
      const bytes = await answer.body.bytes();
      const { statusCode: status } = answer;
      const isRecords = status >= 200 && status <= 299 && bytes.length > 0;
      return { status, headers: names, body: isRecords ? textOf(host, bytes, names) : excerptOf(bytes, names) };
    } catch (thrown) {
      throw thrown instanceof BronzeError ? thrown : this.#failure(host, timeout_ms, thrown);
    }
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  #failure(host: string, timeout_ms: number, thrown: unknown): BronzeError {
    if (thrown instanceof errors.ResponseExceededMaxSizeError) return this.#tooLarge(host);
    const isTimeout = thrown instanceof Error && thrown.name === 'TimeoutError';
    if (isTimeout) {
      return failure('SOURCE_TIMEOUT', `${host} did not answer within ${timeout_ms / 1000} s`, RAISE);
    }
    const code = codeOf(thrown);
    return UNREACHABLE.has(code)
      ? failure('SOURCE_UNREACHABLE', `no connection to ${host} (${code})`, REACH)
      : failure(
          'SOURCE_INTERRUPTED',
          `the connection to ${host} broke before the answer was complete (${code})`,
          RETRIED,
        );
  }

  #tooLarge(host: string): BronzeError {
    return failure(
      'RESPONSE_TOO_LARGE',
      `${host} answers with more than ${this.#bytes_max} bytes (response_bytes_max)`,
      'Ask for smaller pages (paging.size), or raise response_bytes_max of the source and the memory with it.',
    );
  }
}

const RETRIED = 'Bronze retries it. If it persists, look at the API’s log and at the proxies in between.';
const RAISE =
  'Bronze retries it. If it persists, ask for smaller pages or raise request_timeout_seconds of the source.';
const REACH = 'Is base_url right? Is the API up? Does a security group or a proxy block the way?';
const UNREACHABLE: ReadonlySet<string> = new Set([
  ...NOT_REACHED,
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
]);

function failure(code: FailureCode, message: string, hint: string): BronzeError {
  return new BronzeError(code, { message, hint });
}

/** Only the code: a message may contain the URL. */
function codeOf(thrown: unknown): string {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  const code: unknown = Reflect.get(Object(cause), 'code');
  return typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code) ? code : 'UNKNOWN';
}

function lowerCase(headers: Record<string, string | string[] | undefined>): HttpAnswer['headers'] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      Array.isArray(value) ? value.join(', ') : value,
    ]),
  );
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** What a server says of its answers holds for each of them, so that retrying is pointless. */
function textOf(host: string, bytes: Uint8Array, headers: HttpAnswer['headers']): string {
  const { 'content-encoding': encoding } = headers;
  if (encoding !== undefined && encoding !== 'identity') {
    const coding = CODINGS.has(encoding) ? ` (${encoding})` : '';
    throw failure('RESPONSE_UNSUPPORTED', `${host} compresses its answers${coding} unasked`, COMPRESSED);
  }
  try {
    return UTF8.decode(bytes);
  } catch {
    const charset = /;\s*charset\s*=\s*"?([\w.:-]{1,40})/i.exec(headers['content-type'] ?? '')?.[1]?.toLowerCase();
    const isOther = charset !== undefined && charset !== 'utf-8' && charset !== 'utf8';
    throw isOther
      ? failure(
          'RESPONSE_UNSUPPORTED',
          `${host} answers in another charset than UTF-8, as its Content-Type says`,
          UTF8_ONLY,
        )
      : failure('RESPONSE_MALFORMED', `${host} answers with bytes that are not UTF-8`, RETRIED);
  }
}

/** What a refusal says is only shown: a proxy's error page may be in any form. */
function excerptOf(bytes: Uint8Array, { 'content-encoding': encoding = 'identity' }: HttpAnswer['headers']): string {
  return encoding === 'identity' ? new TextDecoder().decode(bytes) : '';
}

/** What a header may say in a message: anything else is text of the API. */
const CODINGS: ReadonlySet<string> = new Set(['br', 'compress', 'deflate', 'gzip', 'zstd']);
const COMPRESSED =
  'Bronze asks for plain answers (accept-encoding: identity). Make the API, or the proxy in between, respect that.';
const UTF8_ONLY = 'JSON is UTF-8 (RFC 8259). Make the API send that, perhaps by a header accept-charset under headers.';
