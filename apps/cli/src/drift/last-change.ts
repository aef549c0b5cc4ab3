import type { Checkpoint } from '@bronze/common/load/checkpoint';
import { readLoadRecord } from '@bronze/common/load/load-record';
import { describeChanges, type SchemaChange } from '@bronze/common/load/schema-changes';
import type { ObjectReader } from '@bronze/common/ports/object-store';

/** The last load of an entity whose columns were not those of the load before. */
export interface LastSchemaChange {
  readonly load_id: string;
  /** When that load ended. */
  readonly at: string;
  readonly changes: readonly SchemaChange[];
}

/** Null: its columns have never changed, as far as is known. */
export async function lastSchemaChange(
  objects: ObjectReader,
  entity: string,
  checkpoint: Checkpoint | undefined,
): Promise<LastSchemaChange | null> {
  const load_id = checkpoint?.schema_change_load_id;
  const record = load_id === undefined ? undefined : await readLoadRecord(objects, { entity, load_id });
  if (!record?.schema_changes) return null;
  return { load_id: record.load_id, at: record.completed_at, changes: record.schema_changes };
}

/** `orders: its columns last changed at 2024-01-15T10:32:00.000000Z: added vip (boolean)` */
export function lastChangeLine(entity: string, { at, changes }: LastSchemaChange): string {
  return `${entity}: its columns last changed at ${at}: ${describeChanges(changes)}`;
}
