import { BronzeError } from '@bronze/common/words/failure';

interface Denied {
  readonly entity: string;
  /** What was sent besides the key: names of headers in the entity's configuration. */
  readonly headers: Readonly<Record<string, string>>;
}

interface Answered {
  readonly status: number;
  /** The beginning of the answer's body, without secrets. */
  readonly excerpt: string;
  /** Whether a key was sent, and read again from its secret. */
  readonly hasKey: boolean;
}

/** An API's 401, or its 403 without a sign of a limit, in the API's own words. */
export function denied({ entity, headers }: Denied, { status, excerpt, hasKey }: Answered): BronzeError {
  const again = hasKey ? ', even after the key was read again from its secret' : '';
  return new BronzeError('SOURCE_DENIED', {
    message: `the API of ${entity} answers ${status}${again}${excerpt === '' ? '' : `: ${excerpt}`}`,
    hint: remedyFor(entity, Object.keys(headers), hasKey),
  });
}

function remedyFor(entity: string, sent: readonly string[], hasKey: boolean): string {
  if (hasKey) return 'Is the key in the secret valid? May it read this endpoint? Is api_key_header right?';
  if (sent.length === 0) return `No key is sent: set api_key_secret of the source, or headers of ${entity}.`;
  return `Are the headers of ${entity} valid (${sent.join(', ')}), and may they read this endpoint? A key in api_key_secret of the source is read again when it is refused.`;
}
