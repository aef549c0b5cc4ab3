import type * as z from 'zod/mini';
import { ENTITY_NAME_LENGTH_MAX } from '../words/entity.ts';
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
    if (mistake.code === 'invalid_key') return [unusableName(mistake)];
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

/** A name that can't be one, as of an entity: its value says nothing about that. */
function unusableName({ path, issues }: Extract<Mistake, { code: 'invalid_key' }>): string {
  const name = String(path.at(-1));
  const why = issues.map(({ message }) => message).join('; ');
  const usable = path.length === 2 ? usableName(name) : '';
  const suggested = usable === '' ? '' : `; write ${usable}`;
  return `${dotPath(path.slice(0, -1))}: ${JSON.stringify(name.slice(0, 80))} can’t be a name: ${why}${suggested}`;
}

/** The nearest name of a source or an entity: `order_items` for `Order Items`. Empty: there is none. */
function usableName(name: string): string {
  const letters = name.toLowerCase().replaceAll(/[^a-z0-9_]+/g, '_');
  return letters.replace(/^[^a-z]+/, '').slice(0, ENTITY_NAME_LENGTH_MAX);
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

/**
 * How many letters were left out, added, replaced, or swapped with their neighbour (the restricted Damerau-Levenshtein
 * distance), computed one row of the table at a time.
 */
export function editDistance(a: string, b: string): number {
  const letters = [...a];
  const others = [...b];
  let before: number[] = [];
  let row = Array.from({ length: others.length + 1 }, (_, index) => index);
  for (const [i, letter] of letters.entries()) {
    const next = [i + 1];
    for (const [j, other] of others.entries()) {
      const substituted = (row[j] ?? 0) + (letter === other ? 0 : 1);
      const isSwapped = j > 0 && letter === others[j - 1] && letters[i - 1] === other;
      const swapped = isSwapped ? (before[j - 1] ?? 0) + 1 : Infinity;
      next.push(Math.min(substituted, swapped, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    [before, row] = [row, next];
  }
  return row[others.length] ?? 0;
}
