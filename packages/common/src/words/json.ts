import * as z from 'zod/mini';
import { BronzeError, type FailureCode } from './failure.ts';
import './zod-locale.ts';

export interface DecodeContext {
  readonly code: FailureCode;
  /** Named in the message: `data/staging/…/slice-00000.json`, `the message`. */
  readonly what: string;
  readonly hint: string;
}

/** The only way JSON of ours comes in. @throws BronzeError with the context's code, naming each wrong path */
export function decodeJson<T>(schema: z.ZodMiniType<T>, text: string, context: DecodeContext): T {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    throw new BronzeError(context.code, { message: `${context.what} is not JSON`, hint: context.hint });
  }
  return decodeValue(schema, raw, context);
}

/** What comes out of JSON.parse. @throws BronzeError with the context's code, naming each wrong path */
export function decodeValue<T>(schema: z.ZodMiniType<T>, raw: unknown, context: DecodeContext): T {
  const decoded = z.safeParse(schema, raw);
  if (decoded.success) return decoded.data;
  const issues = decoded.error.issues.map((issue) => `${z.core.toDotPath(issue.path) || 'it'}: ${issue.message}`);
  throw new BronzeError(context.code, { message: `${context.what}: ${issues.join('; ')}`, hint: context.hint });
}

/** The one way JSON of ours goes out: two spaces and a newline, so that people can read what lies in the bucket. */
export function encodeJson(value: object): Uint8Array {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
}
