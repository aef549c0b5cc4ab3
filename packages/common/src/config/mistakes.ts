import type * as z from 'zod/mini';
import { knownKeysAt } from './schemas.ts';

/** A person can put a secret anywhere, so a value is shown only up to this length, and a URL never. */
const SHOWN_CHARACTERS = 40;

export type Mistake = z.core.$ZodIssue;

/** Names of keys whose value may be a secret, except for those of ours that hold none. */
const SECRET_NAMES = /key|token|pass|secret|auth|header/i;
const OURS: ReadonlySet<PropertyKey> = new Set(['primary_key', 'api_key_secret', 'api_key_header']);

/**
 * Describes each mistake in one line: `entities.orders.curser = "updated_at": no such key; did you mean "cursor"?`
 *
 * @param input the configuration as written, for showing the value at each path
 */
export function describeMistakes(input: unknown, mistakes: readonly Mistake[]): string[] {
  return mistakes.flatMap((mistake) => {
    if (mistake.code === 'unrecognized_keys') {
      const known = knownKeysAt(input, mistake.path);
      return mistake.keys.map((key) => unknownKey(input, [...mistake.path, key], known));
    }
    const value = valueAt(input, mistake.path);
    const expected = expectedOf(mistake);
    const message = mistake.code === 'invalid_union' && expected.length > 0 ? 'no such kind' : mistake.message;
    return [
      `${dotPath(mistake.path)} = ${shown(value, mistake.path)}: ${message}${suggestion(String(value), expected)}`,
    ];
  });
}

function expectedOf(mistake: Mistake): string[] {
  if (mistake.code === 'invalid_value') return mistake.values.map(String);
  return mistake.code === 'invalid_union' && 'options' in mistake ? [...(mistake.options ?? [])].map(String) : [];
}

function unknownKey(input: unknown, path: readonly PropertyKey[], known: readonly string[]): string {
  return `${dotPath(path)} = ${shown(valueAt(input, path), path)}: no such key${suggestion(String(path.at(-1)), known)}`;
}

function dotPath(path: readonly PropertyKey[]): string {
  return path.map(String).join('.') || 'the configuration';
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    input,
  );
}

function shown(value: unknown, path: readonly PropertyKey[]): string {
  const name = path.at(-1) ?? '';
  const isSecret = (!OURS.has(name) && SECRET_NAMES.test(String(name))) || path.includes('headers');
  if (isSecret && value !== undefined) return '(hidden)';
  if (typeof value === 'string' && value.includes('://')) return '"(a URL)"';
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}

function suggestion(written: string, known: readonly string[]): string {
  const near = nearest(written, known);
  if (near !== undefined) return `; did you mean "${near}"?`;
  return known.length > 0 ? `; expected one of ${known.join(', ')}` : '';
}

/** The known name that `written` is most likely a misspelling of; undefined if it is like none of them. */
export function nearest(written: string, known: readonly string[]): string | undefined {
  const [first] = known
    .map((name) => ({ name, distance: editDistance(written.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= Math.max(1, Math.floor(name.length / 3)))
    .sort((a, b) => a.distance - b.distance);
  return first?.name;
}

/** The Levenshtein distance, computed one row of the table at a time. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const substituted = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(substituted, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
