import * as z from 'zod/mini';
import { backfillSchema } from './backfill.ts';
import { anyCaseLoadTypeSchema, entityNameSchema, loadIdSchema } from '../words/entity.ts';
import { BronzeError } from '../words/failure.ts';
import { decodeJson } from '../words/json.ts';
import { timestampSchema } from '../words/timestamp.ts';

/** No message that Bronze sends is longer, so a longer body is refused before it is parsed. */
export const MESSAGE_BYTES_MAX = 4096;

/** Asks for one entity to be ingested. A hand-made `{"entity":"orders"}` is enough. */
export const extractRequestSchema = z.strictObject({
  entity: entityNameSchema,
  /** Absent from hand-made requests: the message id is then used. */
  load_id: z.optional(loadIdSchema),
  /** Absent: incremental, or full if the entity has no checkpoint yet. */
  load_type: z.optional(anyCaseLoadTypeSchema),
  run_id: z.optional(loadIdSchema),
  /** The scheduled time: an incremental request is done once the checkpoint has reached it. */
  target: z.optional(timestampSchema),
  /** Loads this window again instead of what is new. Such a load counts as incremental, whatever `load_type` says. */
  backfill: z.optional(backfillSchema),
  /** In a request that continues its load: the slice to stage next, from 0. The tasks of all before it were sent. */
  slice: z.optional(z.int().check(z.minimum(0))),
});

/** A request as it waits in the checkpoint and is sent on: always with its load id. */
export const waitingRequestSchema = z.strictObject({ ...extractRequestSchema.shape, load_id: loadIdSchema });

/** Asks for one write task to be converted. Slices and tasks are counted from 0. */
export const writeMessageSchema = z.strictObject({
  entity: entityNameSchema,
  load_id: loadIdSchema,
  slice: z.int().check(z.minimum(0)),
  task: z.int().check(z.minimum(0)),
});

export type ExtractRequest = z.infer<typeof waitingRequestSchema>;
export type WriteMessage = z.infer<typeof writeMessageSchema>;

/**
 * @param messageId id that the queue gave the message; used as `load_id` if the body names none
 * @throws BronzeError MESSAGE_INVALID
 */
export function decodeExtractRequest(body: string, messageId: string): ExtractRequest {
  const request = decodeMessage(extractRequestSchema, body);
  return { ...request, load_id: request.load_id ?? messageId };
}

/** @throws BronzeError MESSAGE_INVALID */
export function decodeWriteMessage(body: string): WriteMessage {
  return decodeMessage(writeMessageSchema, body);
}

/** The entity that a message names, even if the rest can't be read; `(unknown)` if it names none. */
export function entityIn(body: string): string {
  return /"entity"\s*:\s*"([a-z0-9_]{1,63})"/.exec(body)?.[1] ?? '(unknown)';
}

function decodeMessage<T>(schema: z.ZodMiniType<T>, body: string): T {
  const hint = 'Send {"entity":"<name>"}, with load_type "full" or "incremental" if you like. Nothing else is needed.';
  const bytes = Buffer.byteLength(body);
  if (bytes <= MESSAGE_BYTES_MAX)
    return decodeJson(schema, body, { code: 'MESSAGE_INVALID', what: 'the message', hint });
  const message = `the message has ${bytes} bytes, and Bronze sends none of more than ${MESSAGE_BYTES_MAX}`;
  throw new BronzeError('MESSAGE_INVALID', { message, hint });
}
