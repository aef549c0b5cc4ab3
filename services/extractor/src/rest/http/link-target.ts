/** Where a link or a redirect of an API leads. */
export interface LinkTarget {
  readonly href: string;
  readonly origin: string;
  /** Same scheme, host and port, and no user name: the only place that an API key may be sent to. */
  readonly is_within_origin: boolean;
}

/** @returns undefined when `link` is not a URL, also not a relative one */
export function linkTarget(link: string, from: string): LinkTarget | undefined {
  const url = URL.parse(link, from);
  if (!url) return undefined;
  const { href, origin, username } = url;
  return { href, origin, is_within_origin: origin === new URL(from).origin && username === '' };
}
