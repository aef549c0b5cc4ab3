import type { TableEntityInput } from '@bronze/common/config/postgres';
import type { Schedule, Shape } from './schedule.ts';

const COLUMNS = 'id bigint NOT NULL, version bigint NOT NULL, updated_at timestamptz, deleted_at timestamptz';

/** SQL that creates the table of a schedule, with its indexes, under this name. */
export function tableSql(shape: Shape, name: string): string {
  const index = `CREATE INDEX ON ${name} (updated_at)`;
  switch (shape) {
    case 'plain':
      return `CREATE TABLE ${name} (${COLUMNS}, PRIMARY KEY (id)); ${index}`;
    case 'no_index':
      return `CREATE TABLE ${name} (${COLUMNS}, PRIMARY KEY (id))`;
    case 'composite_key':
      return `CREATE TABLE ${name} (${COLUMNS}, part text GENERATED ALWAYS AS ((id % 3)::text) STORED, PRIMARY KEY (part, id)); ${index}`;
    case 'partitioned':
      return `CREATE TABLE ${name} (${COLUMNS}, PRIMARY KEY (id)) PARTITION BY HASH (id);
        CREATE TABLE ${name}_0 PARTITION OF ${name} FOR VALUES WITH (MODULUS 2, REMAINDER 0);
        CREATE TABLE ${name}_1 PARTITION OF ${name} FOR VALUES WITH (MODULUS 2, REMAINDER 1); ${index}`;
    case 'two_cursors':
      return `CREATE TABLE ${name} (${COLUMNS}, PRIMARY KEY (id)); ${index}; CREATE INDEX ON ${name} (deleted_at)`;
    case 'keyless':
      return `CREATE TABLE ${name} (${COLUMNS}); ${index}; CREATE INDEX ON ${name} (id)`;
    default:
      return shape satisfies never;
  }
}

/** SQL that creates a materialized view of a table, with what a concurrent refresh needs. */
export function viewSql(name: string, table: string): string {
  return `CREATE MATERIALIZED VIEW ${name} AS SELECT * FROM ${table};
    CREATE UNIQUE INDEX ON ${name} (id); CREATE INDEX ON ${name} (updated_at)`;
}

/** The settings of the entity that differ from the defaults. */
export function entityOf({ shape, relation }: Pick<Schedule, 'shape' | 'relation'>): Partial<TableEntityInput> {
  return {
    ...(shape === 'two_cursors' && { cursor: ['updated_at', 'deleted_at'], deleted_at: 'deleted_at' }),
    ...(relation === 'materialized_view' && { primary_key: ['id'] }),
  };
}

/** SQL expression of the cursor's value. */
export function cursorOf(shape: Shape): string {
  return shape === 'two_cursors' ? 'GREATEST(updated_at, deleted_at)' : 'updated_at';
}
