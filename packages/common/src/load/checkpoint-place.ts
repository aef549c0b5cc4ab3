import * as z from 'zod/mini';
import { BronzeError } from '../words/failure.ts';
import { decodeJson, encodeJson } from '../words/json.ts';
import type { ObjectReader } from '../ports/object-store.ts';
import { CHECKPOINTS_KEY } from './object-keys.ts';

/** Not the name of any entity. */
const PLACE_FIELD = '$store';

const fileSchema = z.catchall(
  z.object({ [PLACE_FIELD]: z.optional(z.object({ dynamodb_table: z.string() })) }),
  z.unknown(),
);

/** What `checkpoints.json` says: the checkpoints themselves, or the table that they are in. */
export interface CheckpointsObject {
  /** By entity, as they were written. Empty if `table` is set. */
  readonly entries: Readonly<Record<string, unknown>>;
  readonly table: string | undefined;
  /** Undefined: there is no such object. */
  readonly etag: string | undefined;
}

/** @throws BronzeError CHECKPOINTS_UNREADABLE */
export async function readCheckpointsObject(objects: ObjectReader): Promise<CheckpointsObject> {
  const stored = await objects.get(CHECKPOINTS_KEY);
  if (!stored) return { entries: {}, table: undefined, etag: undefined };
  const file = decodeJson(fileSchema, Buffer.from(stored.body).toString(), unreadable(CHECKPOINTS_KEY));
  const table = file[PLACE_FIELD]?.dynamodb_table;
  return { entries: table === undefined ? file : {}, table, etag: stored.etag };
}

/** The content of `checkpoints.json` while the checkpoints are in a table. */
export function pointerTo(table: string): Uint8Array {
  return encodeJson({ [PLACE_FIELD]: { dynamodb_table: table } });
}

/** As DynamoDB allows them. */
const TABLE_NAME = /"dynamodb_table"\s*:\s*"([\w.-]{3,255})"/;

/**
 * The table that a damaged `checkpoints.json` names; undefined if it held the checkpoints themselves, as far as can be seen.
 *
 * @throws BronzeError CHECKPOINTS_UNREADABLE if they are in a table whose name is not left
 */
export function tableLeftIn(damaged: string): string | undefined {
  const name = TABLE_NAME.exec(damaged)?.[1];
  if (name === undefined && /\$store|dynamodb_table/.test(damaged)) {
    throw new BronzeError('CHECKPOINTS_UNREADABLE', {
      message: `${CHECKPOINTS_KEY} says that the checkpoints are in a table, and no longer says in which`,
      hint: `Nothing was changed. Put {"${PLACE_FIELD}":{"dynamodb_table":"<name>"}} back in its place (docs/runbook.md says how): the table is the stack’s output CheckpointTable, or an earlier version of the object names it.`,
    });
  }
  return name;
}

/** For a reader that looked in a place where the checkpoints no longer are, or are not yet. */
export function elsewhere(message: string): BronzeError {
  return new BronzeError('CHECKPOINTS_ELSEWHERE', {
    message,
    hint: 'It is retried. If this persists, a move was interrupted: give the same `bronze checkpoint move` again.',
  });
}

export function unreadable(what: string) {
  return {
    code: 'CHECKPOINTS_UNREADABLE',
    what,
    hint: 'Nothing was changed. bronze checkpoint restore rebuilds what can’t be read from the load records; or fix it by hand, or restore its last version.',
  } as const;
}
