import * as z from 'zod/mini';
import { BronzeError } from './failure.ts';

/** A value that lives elsewhere. It is looked up when it is used and never printed. */
export const referenceSchema = z.strictObject({ env: z.string().check(z.regex(/^[A-Z][A-Z0-9_]*$/)) });
export type Reference = z.infer<typeof referenceSchema>;

/** `env('DATABASE_URL')`: the environment variable of that name, at the moment of use. */
export function env(name: string): Reference {
  return { env: name };
}

/**
 * @param environment `process.env` of whoever asks
 * @throws BronzeError REFERENCE_UNRESOLVED naming the variable, never a value
 */
export function resolve(value: Reference | string, environment: Readonly<Record<string, string | undefined>>): string {
  if (typeof value === 'string') return value;
  const found = environment[value.env];
  if (found) return found;
  throw new BronzeError('REFERENCE_UNRESOLVED', {
    message: `the environment variable ${value.env} is not set`,
    hint: `Set it, such as: export ${value.env}=…`,
  });
}
