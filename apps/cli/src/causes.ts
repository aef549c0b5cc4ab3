import type { Failure } from '@bronze/common/words/failure';
import { entitiesOf } from './terminal/numbers.ts';

export interface FailedEntity {
  readonly entity: string;
  /** The name of its source; empty if it is not known. */
  readonly source: string;
  readonly failure: Failure;
}

/** What failed entities have in common. */
export interface Cause {
  readonly source: string;
  readonly entities: readonly string[];
  readonly failure: Failure;
}

/** Stands for the name of each entity in what a cause says of several. */
const EACH = '…';
/** As many names as the first line of a cause has; more of them follow in a line of their own. */
const NAMES_IN_HEADLINE = 5;

/**
 * Failures by their cause, in the order of their first entities: one for each source and text, where texts that differ in
 * the name of their entity only are one.
 */
export function causesOf(failed: readonly FailedEntity[]): Cause[] {
  const alike = merged(failed.map(({ entity, ...rest }) => ({ ...rest, entities: [entity] })));
  const generic = alike.map((cause) => ({ cause, text: cause.entities.length === 1 ? withoutName(cause) : cause }));
  const merges = merged(generic.map(({ text }) => text));
  // An entity that is alone with its text is called by its name.
  return merges.map((cause) => generic.find(({ text }) => text === cause)?.cause ?? cause);
}

function merged(causes: readonly Cause[]): Cause[] {
  const byText = new Map<string, Cause>();
  for (const cause of causes) {
    const { code, message, hint } = cause.failure;
    const text = JSON.stringify([cause.source, code, message, hint]);
    const known = byText.get(text);
    byText.set(text, known ? { ...known, entities: [...known.entities, ...cause.entities] } : cause);
  }
  return [...byText.values()];
}

function withoutName({ source, entities, failure }: Cause): Cause {
  const name = new RegExp(String.raw`(?<!\w)${entities[0] ?? ''}(?!\w)`, 'g');
  const [message, hint] = [failure.message, failure.hint].map((text) => text.replaceAll(name, EACH));
  return { source, entities, failure: { ...failure, message: message ?? '', hint: hint ?? '' } };
}

/**
 * The lines of a cause: whom it hit, what happened, what to do.
 *
 * @param width characters at which a list of names is broken into lines; Infinity where nobody has to scroll
 */
export function describeCause({ source, entities, failure }: Cause, width: number): string[] {
  const { code, message, hint } = failure;
  const isLong = entities.length > NAMES_IN_HEADLINE;
  const who = isLong ? `${entitiesOf(entities.length)}${source && ` of ${source}`}` : entities.join(', ');
  return [
    `${who} failed: ${code}`,
    `  ${message}`,
    `  What to do: ${hint}`,
    ...(isLong
      ? listed(['They', 'are', ...entities.slice(0, -1).map((name) => `${name},`), ...entities.slice(-1)], width)
      : []),
  ];
}

/** Words in indented lines. */
function listed(words: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(`  ${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
