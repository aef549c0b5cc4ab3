import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { execute, newDatabase, textRows } from '../../../../test/database.ts';
import { begun, FULL, readAll, rowsOf, sourceOf } from './postgres-source.fixtures.ts';

/** A value of each type whose text a setting could change, and of some whose text none should. */
const VALUES: Readonly<Record<string, string>> = {
  integer: '-7',
  numeric: '1234567.10',
  real: '1.1',
  'double precision': '0.1::float8 + 0.2::float8',
  money: '-1234567.89',
  boolean: 'true',
  text: String.raw`E'a\\b\'"\t é'`,
  'char(4)': "'ab'",
  '"char"': "'x'",
  name: "'Na me'",
  bytea: String.raw`'\x00275c80ff'`,
  date: "'2024-01-31'",
  timestamp: "'2024-01-31 10:00:00.5'",
  timestamptz: "'2024-07-31 23:00:00.5+02'",
  time: "'10:00:00.25'",
  timetz: "'10:00:00+05:30'",
  interval: "'-1 year -2 mons +3 days -04:05:06.5'",
  bit: "B'1'",
  uuid: "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
  inet: "'::1/64'",
  json: `'{"a": 1.10}'`,
  jsonb: `'{"a": 1.10}'`,
  xml: `'<a b="1"/>'`,
  tsvector: "'it''s:1A b'",
  point: '(0.1, 1e-7)',
  regclass: '\'places."Or der"\'',
  regtype: '\'places."Mo od"\'',
  'places."Mo od"': "'b ad'",
};

const RANGES: ReadonlySet<string> = new Set([
  'integer',
  'numeric',
  'double precision',
  'money',
  'date',
  'timestamp',
  'timestamptz',
  'time',
  'interval',
  'bytea',
]);

/** Each value in a column of its own type, its array, its domain, an array of that, a composite, and a range. */
const TABLE_SQL = `
  CREATE SCHEMA places; CREATE TABLE places."Or der" (); CREATE TYPE places."Mo od" AS ENUM ('good', 'b ad');
  CREATE TABLE things (id integer, since interval, at timestamptz, by money, list integer[], updated_at timestamptz DEFAULT '2024-01-15', PRIMARY KEY (since, by, list, at, id));
  INSERT INTO things SELECT n, make_interval(days => -n), '2024-01-15', n * 1000, ARRAY[n, NULL] FROM generate_series(1, 3) AS n;
  ${Object.entries(VALUES)
    .flatMap(([type, value], index) => {
      const [domain, composite, range] = [
        `places."Do main ${index}"`,
        `places."Com, ""posite ${index}"`,
        `places.range_${index}`,
      ];
      const cast = `CAST(${value.startsWith('(') ? `'${value}'` : value} AS ${type})`;
      const columns = [
        [type, cast],
        [`${type}[]`, `ARRAY[NULL, ${cast}]`],
        [domain, cast],
        [`${domain}[]`, `ARRAY[${cast}]::${domain}[]`],
        [composite, `ROW(${cast}, ARRAY[${cast}], ${cast})::${composite}`],
        ...(RANGES.has(type) ? [[range, `${range}(${cast}, NULL)`]] : []),
      ];
      return [
        `CREATE DOMAIN ${domain} AS ${type}; CREATE TYPE ${composite} AS (a ${type}, b ${type}[], c ${domain})`,
        ...(RANGES.has(type) ? [`CREATE TYPE ${range} AS RANGE (subtype = ${type})`] : []),
        ...columns.map(
          ([columnType, expression], n) =>
            `ALTER TABLE things ADD "É ""${index}.${n}""" ${columnType}; UPDATE things SET "É ""${index}.${n}""" = ${expression}`,
        ),
      ];
    })
    .join(';\n')}`;

/** Would be found first by the path of a role: functions, operators and a type that are PostgreSQL's own. */
const SHADOWS_SQL = `
  CREATE SCHEMA evil; CREATE DOMAIN evil.text AS pg_catalog.text CHECK (false); CREATE DOMAIN evil.int8 AS integer CHECK (false);
  CREATE VIEW evil.pg_class AS SELECT 1 AS oid; CREATE VIEW evil.pg_settings AS SELECT 1 AS name;
  CREATE FUNCTION evil.json_agg(text) RETURNS json LANGUAGE sql AS 'SELECT NULL::json';
  CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE sql AS $$SELECT 'infinity'::timestamptz$$;
  CREATE FUNCTION evil.pg_snapshot_xmin(pg_snapshot) RETURNS xid8 LANGUAGE sql AS $$SELECT '3'::xid8$$;
  CREATE FUNCTION evil.never(interval, interval) RETURNS boolean LANGUAGE sql AS 'SELECT false';
  CREATE OPERATOR evil.> (LEFTARG = interval, RIGHTARG = interval, FUNCTION = evil.never)`;

/** What settings are tried with whose legal values are not listed by the server. */
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  DateStyle: ['SQL, DMY', 'German', 'Postgres, MDY'],
  TimeZone: ['America/St_Johns', 'Asia/Kolkata'],
  application_name: ['other'],
  client_encoding: ['LATIN1', 'SJIS'],
  client_min_messages: ['error', 'debug1'],
  createrole_self_grant: ['set'],
  default_text_search_config: ['pg_catalog.german'],
  lc_messages: ['C.utf8'],
  lc_monetary: ['C.utf8'],
  lc_numeric: ['C.utf8'],
  lc_time: ['C.utf8'],
  // The kernel allows less than the setting's own maximum.
  max_stack_depth: ['100'],
  search_path: ['evil, pg_catalog', 'places'],
  timezone_abbreviations: ['India', 'Australia'],
  wal_consistency_checking: ['all'],
};

const NOT_TRIED: Readonly<Record<string, string>> = {
  backtrace_functions: 'names functions of the server’s source, for its log',
  debug_discard_caches: 'has one value only where the server is built without assertions',
  default_table_access_method: 'is about new tables',
  default_tablespace: 'is about new tables',
  default_toast_compression: 'is about new rows, and this server has one method',
  dynamic_library_path: 'is a path of the machine',
  extension_control_path: 'is a path of the machine',
  local_preload_libraries: 'is a file of the machine',
  restrict_nonsystem_relation_kind: 'refuses views and foreign tables, which is what it is for',
  session_preload_libraries: 'is a file of the machine',
  transaction_deferrable: 'is of one transaction, and refused for a role',
  transaction_isolation: 'is of one transaction, and refused for a role',
  temp_tablespaces: 'is about temporary files, and the server has one place for them',
};

/** They are about what the server logs, which makes it ten times as slow. */
const LOGGING = /^(?:log|debug_print|debug_pretty)_/;

/** Their extremes make plans that take a hundred times as long. */
const COSTS = /_cost$/;

interface Setting {
  readonly name: string;
  readonly vartype: string;
  readonly setting: string;
  readonly min_val: string | null;
  readonly max_val: string | null;
  readonly enumvals: string | null;
}
type Assignment = readonly [name: string, value: string];

/** The values other than its own that a setting is tried with. */
function othersOf({ name, vartype, setting, min_val, max_val, enumvals }: Setting): readonly string[] {
  if (Object.hasOwn(NOT_TRIED, name) || LOGGING.test(name)) return [];
  if (COSTS.test(name)) return ['1', '2'];
  const listed = (enumvals ?? '').slice(1, -1).replaceAll('"', '').split(',');
  const known = vartype === 'bool' ? ['on', 'off'] : vartype === 'enum' ? listed : [min_val ?? '', max_val ?? ''];
  return (OTHERS[name] ?? known).filter((value) => value !== setting && value !== '');
}

let url: string;

beforeAll(async () => {
  url = await newDatabase(`${TABLE_SQL}; ${SHADOWS_SQL}`);
});

/** Those that a superuser's role may have. */
async function settings(): Promise<readonly Setting[]> {
  const rows = await textRows(
    url,
    `SELECT name, vartype, reset_val AS setting, min_val, max_val, enumvals::text
     FROM pg_settings WHERE context IN ('user', 'superuser')`,
  );
  return rows as unknown as Setting[];
}

/** What a role whose sessions begin with these settings stages, and in what order. */
async function staged(assignments: readonly Assignment[]) {
  const role = `set_${randomUUID().replaceAll('-', '')}`;
  const set = assignments.map(([name, value]) => `ALTER ROLE ${role} SET ${name} = ${valueSql(name, value)}`);
  await execute(url, [`CREATE ROLE ${role} LOGIN SUPERUSER PASSWORD 'x'`, ...set].join('; '));
  const login = Object.assign(new URL(url), { username: role, password: 'x' });
  const reading = sourceOf(login.href, { batch_rows: 2 });
  const { exact } = await reading.source.readHighWatermark(reading.entity);
  const { columns } = await begun(reading, FULL);
  const [first, ...others] = await readAll(reading, FULL);
  const resumed = await readAll(reading, FULL, first?.position);
  return {
    is_exact: exact !== undefined,
    columns,
    order: first?.position?.order,
    rows: rowsOf(first ? [first, ...others] : []),
    resumed: rowsOf(resumed),
  };
}

/** Lists keep their commas; every other value is one word. */
function valueSql(name: string, value: string): string {
  const isList = name === 'search_path' || name === 'DateStyle';
  return isList ? value : `'${value}'`;
}

/** Those of the settings that change what is staged, found by halves. Empty after one load if none does. */
async function culprits(assignments: readonly Assignment[], expected: unknown): Promise<readonly Assignment[]> {
  const found: unknown = await staged(assignments).catch((thrown: unknown) => thrown);
  if (isDeepStrictEqual(found, expected)) return [];
  const half = Math.ceil(assignments.length / 2);
  if (assignments.length < 2) return assignments;
  const [first, second] = [assignments.slice(0, half), assignments.slice(half)];
  const alone = [...(await culprits(first, expected)), ...(await culprits(second, expected))];
  return alone.length === 0 ? assignments : alone;
}

test('every setting that a role may have is tried, or there is a reason why not', async () => {
  const untried = (await settings())
    .filter((one) => othersOf(one).length === 0 && !LOGGING.test(one.name))
    .map(({ name }) => name);
  expect(untried.toSorted()).toEqual(Object.keys(NOT_TRIED).toSorted());
});

const ROUNDS = 3;

test('no setting of a role changes what is staged', async () => {
  const expected = await staged([]);
  expect(expected).toMatchObject({ rows: { length: 3 }, resumed: { length: 1 } });
  const all = await settings();
  for (let round = 0; round < ROUNDS; round += 1) {
    const assignments = all.flatMap((one): Assignment[] => {
      const others = othersOf(one);
      const value = others[round % others.length];
      return value === undefined ? [] : [[one.name, value]];
    });
    expect(await culprits(assignments, expected)).toEqual([]);
  }
});
