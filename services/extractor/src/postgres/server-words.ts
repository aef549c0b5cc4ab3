/** SQLSTATE classes of functions that people wrote: what they raise is theirs to word. */
const RAISED = /^(?:P0|38|39)/;
/** PostgreSQL's name for the place where PL/pgSQL raises, whatever the SQLSTATE. */
const RAISING_ROUTINE = 'exec_stmt_raise';
/** Data exceptions: what they say repeats the value that was wrong. */
const OF_DATA = /^22/;

/** Two data exceptions whose encodings are worth knowing, and hold no value. */
const OF_ENCODING =
  /^(?:invalid byte sequence for encoding "[\w-]+"|character with byte sequence .* in encoding ("[\w-]+" has no equivalent in encoding "[\w-]+"))/;

export interface DriverError {
  /** SQLSTATE, or Node's code; empty if there is none. */
  readonly code: string;
  readonly message: string;
  /** Which part of the server's own code refused; empty if it is not the server that did. */
  readonly routine: string;
}

/**
 * What the server, the driver or the network said, without values of rows: the primary message only, whose details may
 * hold a row; without what a data exception quotes; and not at all if a function raised it, whose author may put
 * anything into it. Nothing is cut for its length: half a secret would not be found by who
 * hides them (decision 45).
 */
export function wordsOf({ code, message, routine }: DriverError): string {
  if (RAISED.test(code) || routine === RAISING_ROUTINE) return 'a function or procedure raised an error';
  return OF_DATA.test(code) ? withoutValues(message) : message;
}

/** Quotes of any language; a value may contain some itself, so from the first to the last. */
const QUOTED = /["'‘’‚“”„«»‹›「」].*["'‘’‚“”„«»‹›「」]/s;

function withoutValues(message: string): string {
  const encodings = OF_ENCODING.exec(message);
  if (encodings) return encodings[1] === undefined ? encodings[0] : `a text in encoding ${encodings[1]}`;
  const [before = '', ...after] = message.replace(QUOTED, '"…"').split(/:\s|：/);
  const shown = before.replaceAll(/\d[\d.,]*/g, '…');
  return after.length > 0 ? `${shown}: …` : shown;
}
