/** What the source asks of HTTP: one request, one whole answer. */
export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

export interface HttpClient {
  /**
   * Follows no redirect and retries nothing.
   *
   * @param left_ms the attempt ends after so long at the latest
   * @throws BronzeError SOURCE_UNREACHABLE, SOURCE_INTERRUPTED, SOURCE_TIMEOUT, RESPONSE_TOO_LARGE, RESPONSE_MALFORMED
   */
  get(url: string, headers: Readonly<Record<string, string>>, left_ms: number): Promise<HttpAnswer>;
}
