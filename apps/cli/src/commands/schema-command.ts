import type { Checkpoint } from '@bronze/common/load/checkpoint';
import { type LoadRecord, readLoadRecord } from '@bronze/common/load/load-record';
import { METADATA_COLUMNS } from '@bronze/common/words/entity';
import { typeName, writtenType } from '@bronze/writer/parquet/type-mapping';
import { type LastSchemaChange, lastChangeLine, lastSchemaChange } from '../drift/last-change.ts';
import { EXIT } from '../exit-code.ts';
import { allLoads } from '../parts/completed-loads.ts';
import { readStored } from '../pipeline-state.ts';
import { onTarget } from '../target/open-target.ts';
import type { Target } from '../target/target.ts';
import type { TargetOptions } from '../target/target-options.ts';
import { flexible, type Format, kept, printJson, printTable, say } from '../terminal/output.ts';
import { chosen } from '../unknown-entity.ts';

export interface SchemaOptions extends TargetOptions {
  /** Reads every load record for all changes, not only the last. */
  readonly history?: boolean;
  readonly output: Format;
}

/**
 * `bronze schema <entity>`: the columns and types of the load that was decided last, and how they changed.
 *
 * @throws BronzeError ENTITY_UNKNOWN if the target has nothing of the entity
 */
export async function schemaCommand(entity: string, options: SchemaOptions): Promise<number> {
  return onTarget(options, async (target) => {
    const { checkpoints, entities } = await readStored(target);
    chosen([entity], entities, target.name);
    const checkpoint = checkpoints.get(entity);
    const load_id = checkpoint?.last_load_id;
    const record = load_id === undefined ? undefined : await readLoadRecord(target.objects, { entity, load_id });
    const changes = options.history ? await allChanges(target, entity) : await lastChange(target, entity, checkpoint);
    if (options.output === 'json') printJson({ entity, ...describe(record), changes });
    else {
      if (record) printSchema(record);
      else say(`${entity}: no load of it was decided in ${target.name}.`);
      for (const change of changes) say(lastChangeLine(entity, change));
    }
    return EXIT.ok;
  });
}

function describe(record: LoadRecord | undefined) {
  if (!record) return { load_id: null, at: null, columns: [] };
  return { load_id: record.load_id, at: record.completed_at, columns: columnsOf(record) };
}

async function lastChange({ objects }: Target, entity: string, checkpoint: Checkpoint | undefined) {
  const last = await lastSchemaChange(objects, entity, checkpoint);
  return last ? [last] : [];
}

function columnsOf({ columns, engines, unseen_columns = [] }: LoadRecord) {
  const engine = engines.at(-1)?.name ?? 'duckdb';
  return columns.map(({ name, type }) => ({
    name,
    source_type: type,
    parquet_type: typeName(writtenType(type, engine)),
    /** Of an API: whether records still have the field, as far as is known. */
    is_seen: !unseen_columns.includes(name),
  }));
}

function printSchema(record: LoadRecord): void {
  const { entity, load_id, completed_at } = record;
  printTable(
    [flexible('column', 10), kept('source type'), kept('Parquet type'), flexible('note', 10)],
    columnsOf(record).map(({ name, source_type, parquet_type, is_seen }) => {
      return [name, source_type, parquet_type, is_seen ? '' : 'no record has it any more'];
    }),
  );
  say(
    `${entity}: as of load ${load_id}, ${completed_at.slice(0, 19)}Z. Every row also has ${METADATA_COLUMNS.join(', ')}.`,
  );
}

async function allChanges({ objects }: Target, entity: string): Promise<LastSchemaChange[]> {
  const records = await allLoads(objects, entity);
  return records.flatMap(({ load_id, completed_at: at, schema_changes: changes }) =>
    changes ? [{ load_id, at, changes }] : [],
  );
}
