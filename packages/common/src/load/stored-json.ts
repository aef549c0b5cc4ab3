import type * as z from 'zod/mini';
import { decodeJson } from '../words/json.ts';
import type { ObjectReader } from '../ports/object-store.ts';

/** Reads and decodes one of Bronze's JSON objects; undefined if it is absent. @throws BronzeError OBJECT_INVALID */
export async function readJson<T>(
  objects: ObjectReader,
  key: string,
  schema: z.ZodMiniType<T>,
  hint: string,
): Promise<T | undefined> {
  const stored = await objects.get(key);
  return stored && decodeJson(schema, Buffer.from(stored.body).toString(), { code: 'OBJECT_INVALID', what: key, hint });
}
