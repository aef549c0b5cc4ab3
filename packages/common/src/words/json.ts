import * as z from 'zod/mini';
import { BronzeError, type FailureCode } from './failure.ts';
import './zod-locale.ts';

export interface DecodeContext {
  readonly code: FailureCode;
  /** What is decoded, for the failure's message: `data/staging/…/slice-00000.json`, `the message`. */
  readonly what: string;
  readonly hint: string;
}

/** Decodes JSON text: all of Bronze's own JSON is read by this. @throws BronzeError as {@link decodeValue} does */
export function decodeJson<T>(schema: z.ZodMiniType<T>, text: string, context: DecodeContext): T {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    throw new BronzeError(context.code, { message: `${context.what} is not JSON`, hint: context.hint });
  }
  return decodeValue(schema, raw, context);
}

/** Decodes a value of JSON.parse. @throws BronzeError with the context's code, naming each wrong path */
export function decodeValue<T>(schema: z.ZodMiniType<T>, raw: unknown, context: DecodeContext): T {
  const decoded = z.safeParse(schema, raw);
  if (decoded.success) return decoded.data;
  const issues = decoded.error.issues.map((issue) => `${z.core.toDotPath(issue.path) || 'it'}: ${issue.message}`);
  throw new BronzeError(context.code, { message: `${context.what}: ${issues.join('; ')}`, hint: context.hint });
}

/** For objects that Athena queries: its readers of JSON take each line for a record. */
export function encodeJsonLine(value: object): Uint8Array {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}

/** All other JSON of Bronze is written by this: indented by two spaces, so that people can read the objects. */
export function encodeJson(value: object): Uint8Array {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
}
