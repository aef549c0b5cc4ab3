import * as z from 'zod/mini';
import { BronzeError } from '../words/failure.ts';

const variable = z.string().check(z.regex(/^[A-Z][A-Z0-9_]*$/));

/** A value that is kept in the environment: looked up when it is used, and never printed. */
export const referenceSchema = z.strictObject({ env: z.array(variable).check(z.minLength(1)) });
export type Reference = z.infer<typeof referenceSchema>;

/**
 * Refers to the first of these environment variables that is set and not empty when the value is used.
 *
 * @example env('SHIPMENTS_API_URL', 'PAYMENTS_API_URL')
 */
export function env(...names: readonly [string, ...string[]]): Reference {
  return { env: [...names] };
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Whether {@link resolve} would find a value. */
export function isSet(value: Reference | string, environment: Environment): boolean {
  return typeof value === 'string' || value.env.some((name) => environment[name]);
}

/**
 * Looks a reference up; text is returned as it is.
 *
 * @param environment usually `process.env`
 * @throws BronzeError REFERENCE_UNRESOLVED naming the variable, never a value
 */
export function resolve(value: Reference | string, environment: Environment): string {
  if (typeof value === 'string') return value;
  const found = value.env.map((name) => environment[name]).find((one) => one);
  if (found) return found;
  const [first] = value.env;
  throw new BronzeError('REFERENCE_UNRESOLVED', {
    message: `the environment variable ${value.env.join(' or ')} is not set`,
    hint: `Set it, for example: export ${first}=…`,
  });
}
