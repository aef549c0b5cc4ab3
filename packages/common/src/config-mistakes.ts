import type * as z from 'zod/mini';

/** A secret may stand anywhere a person can put it; values are shown only this far, and URLs never. */
const SHOWN_CHARACTERS = 40;

/** The keys that may stand in the configuration itself, in a source and in an entity. */
export interface KnownKeys {
  readonly root: readonly string[];
  readonly sources: readonly string[];
  readonly entities: readonly string[];
}

/**
 * Each mistake in one line: `entities.orders.curser = "updated_at": no such key; did you mean "cursor"?`
 *
 * @param input the configuration as written, to show the value at each path
 */
export function describeMistakes(input: unknown, issues: readonly z.core.$ZodIssue[], keys: KnownKeys): string[] {
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      const [section] = issue.path;
      const known = keys[section === 'sources' || section === 'entities' ? section : 'root'];
      return issue.keys.map((key) => unknownKey(input, [...issue.path, key], known));
    }
    const value = valueAt(input, issue.path);
    const known = issue.code === 'invalid_value' ? issue.values.map(String) : [];
    return [`${dotPath(issue.path)} = ${shown(value)}: ${issue.message}${suggestion(String(value), known)}`];
  });
}

function unknownKey(input: unknown, path: readonly PropertyKey[], known: readonly string[]): string {
  return `${dotPath(path)} = ${shown(valueAt(input, path))}: no such key${suggestion(String(path.at(-1)), known)}`;
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

function shown(value: unknown): string {
  if (typeof value === 'string' && value.includes('://')) return '"(a URL)"';
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}

function suggestion(written: string, known: readonly string[]): string {
  const close = known
    .map((name) => ({ name, distance: editDistance(written.toLowerCase(), name) }))
    .filter(({ name, distance }) => distance <= Math.max(1, Math.floor(name.length / 3)))
    .sort((a, b) => a.distance - b.distance);
  if (close[0]) return `; did you mean "${close[0].name}"?`;
  return known.length > 0 ? `; known are ${known.join(', ')}` : '';
}

/** Levenshtein's, with a row of the table at a time. */
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
