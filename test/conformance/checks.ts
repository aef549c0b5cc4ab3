import { isDeepStrictEqual } from 'node:util';

/** One guarantee that Bronze relies on. The service gives it if `run` does not throw. */
export interface Check {
  readonly name: string;
  readonly run: () => Promise<void>;
}

export interface Verdict {
  readonly service: string;
  readonly name: string;
  readonly duration_ms: number;
  /** Why the check failed; undefined: it passed. */
  readonly problem: string | undefined;
}

/** Runs checks one after another, so that a check which provokes a race has the service to itself. */
export async function runChecks(service: string, checks: readonly Check[]): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const { name, run } of checks) {
    const began_ms = performance.now();
    const problem = await run().then(
      () => undefined,
      (thrown: unknown) => (thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)),
    );
    verdicts.push({ service, name, problem, duration_ms: Math.round(performance.now() - began_ms) });
  }
  return verdicts;
}

/** @throws Error naming `what` and both values, unless they are deeply equal */
export function holds(what: string, actual: unknown, expected: unknown): void {
  if (isDeepStrictEqual(actual, expected)) return;
  const shown = (value: unknown) => JSON.stringify(value)?.slice(0, 200) ?? 'undefined';
  throw new Error(`${what}: expected ${shown(expected)}, found ${shown(actual)}`);
}

/** What each service passes and fails, as a Markdown table. */
export function tableOf(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(
    ({ service, name, problem, duration_ms }) =>
      `| ${service} | ${name} | ${problem === undefined ? 'passes' : 'FAILS'} | ${duration_ms} ms | ${problem ?? ''} |`,
  );
  return ['| service | check | result | took | why |', '|---|---|---|--:|---|', ...rows].join('\n');
}
