/** What the source needs from HTTP: one request, one complete answer. */
export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

export interface HttpClient {
  /**
   * Sends one GET request. Follows no redirects and retries nothing.
   *
   * @param left_ms milliseconds after which the attempt ends at the latest
   * @throws BronzeError SOURCE_UNREACHABLE, SOURCE_INTERRUPTED, SOURCE_TIMEOUT, RESPONSE_TOO_LARGE, RESPONSE_MALFORMED,
   *   RESPONSE_UNSUPPORTED
   */
  get(url: string, headers: Readonly<Record<string, string>>, left_ms: number): Promise<HttpAnswer>;
}
