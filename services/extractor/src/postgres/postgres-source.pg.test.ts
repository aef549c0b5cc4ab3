import { timestamp } from '@bronze/common/words/timestamp';
import { describe, expect, test } from 'vitest';
import { TIME_WATERMARK_SQL } from './table/catalog-sql.ts';
import { connect, execute, newDatabase } from '../../../../test/database.ts';
import {
  begun,
  FULL,
  incremental,
  readAll,
  readInSlices,
  rowsOf,
  sourceOf,
  startAt,
} from './postgres-source.fixtures.ts';

const TIED = `
  CREATE TABLE things (tenant text COLLATE "C", id integer, updated_at timestamptz, note text, PRIMARY KEY (tenant, id));
  INSERT INTO things SELECT 't' || n % 3, n, CASE WHEN n <= 2500 THEN timestamptz '2024-01-15 10:00:00.123456+00' ELSE timestamptz '2024-01-15 10:00:00.123457+00' END, repeat('x', n % 50) FROM generate_series(1, 3000) AS n`;

describe('slices and ties', () => {
  test('L2: thousands of rows with tied timestamps come once each across slice boundaries', async () => {
    const reading = sourceOf(await newDatabase(TIED), { batch_rows: 97 });
    for (const load of [FULL, incremental('2024-01-15', '2024-01-16')]) {
      const rows = rowsOf(await readInSlices(reading, load));
      expect(rows).toHaveLength(3000);
      expect(new Set(rows.map((row) => row['id'])).size).toBe(3000);
    }
  });

  test('the window is [since, until), to the microsecond', async () => {
    const reading = sourceOf(await newDatabase(TIED));
    const count = async (since: string, until: string) =>
      rowsOf(await readAll(reading, incremental(since, until))).length;
    expect(await count('2024-01-15T10:00:00.123456Z', '2024-01-15T10:00:00.123457Z')).toBe(2500);
    expect(await count('2024-01-15T10:00:00.123457Z', '2024-01-15T10:00:00.123458Z')).toBe(500);
    expect(await count('2024-01-15T10:00:00.123457Z', '2024-01-15T10:00:00.123457Z')).toBe(0);
  });

  test('L1: a full load takes NULL, infinite and ancient cursors, which no later window would', async () => {
    const url = await newDatabase(`CREATE TABLE things (id integer PRIMARY KEY, updated_at timestamp);
      INSERT INTO things VALUES (1, NULL), (2, 'infinity'), (3, '-infinity'), (4, '0001-01-01'), (5, '2024-01-15'), (6, '2025-01-01')`);
    const rows = rowsOf(await readAll(sourceOf(url), { ...FULL, until: timestamp('2024-06-01') }));
    expect(rows.map((row) => row['id'])).toEqual(['1', '2', '3', '4', '5']);
  });

  test.each([
    [
      'partitioned',
      'CREATE TABLE things (id integer PRIMARY KEY) PARTITION BY HASH (id); CREATE TABLE p0 PARTITION OF things FOR VALUES WITH (MODULUS 2, REMAINDER 0); CREATE TABLE p1 PARTITION OF things FOR VALUES WITH (MODULUS 2, REMAINDER 1); INSERT INTO things SELECT generate_series(1, 500)',
    ],
    [
      'with an enum, a uuid, a float and a padded char in its key',
      `CREATE TYPE mood AS ENUM ('z', 'a'); CREATE TABLE things (id mood, u uuid, f float8, d numeric, c char(5), PRIMARY KEY (id, u, f, d, c)); INSERT INTO things SELECT (ARRAY['z', 'a']::mood[])[1 + n % 2], md5((n % 10)::text)::uuid, n / 7.0, 'NaN', 'x' FROM generate_series(1, 500) AS n`,
    ],
    [
      'whose key is a domain with a collation of its own',
      `CREATE DOMAIN dtext AS text COLLATE "C"; CREATE TABLE things (id dtext COLLATE "POSIX" PRIMARY KEY); INSERT INTO things SELECT 'k' || n FROM generate_series(1, 500) AS n`,
    ],
    [
      'whose key is deferrable',
      'CREATE TABLE things (id integer PRIMARY KEY DEFERRABLE INITIALLY DEFERRED); INSERT INTO things SELECT generate_series(1, 500)',
    ],
  ])('a table %s is read whole, in any number of slices', async (_, sql) => {
    const reading = sourceOf(await newDatabase(sql), { cursor: null, batch_rows: 33 });
    await reading.source.readHighWatermark(reading.entity);
    expect(rowsOf(await readInSlices(reading, FULL))).toHaveLength(500);
    expect(rowsOf(await readAll(reading, FULL))).toHaveLength(500);
  });

  test.each([
    [
      'without a primary key',
      'CREATE TABLE things (id integer); INSERT INTO things SELECT n % 7 FROM generate_series(1, 500) AS n',
    ],
    [
      'with inheriting tables',
      'CREATE TABLE things (id integer PRIMARY KEY); CREATE TABLE more () INHERITS (things); INSERT INTO things SELECT generate_series(1, 250); INSERT INTO more SELECT generate_series(1, 250)',
    ],
    [
      'partitioned, without a key',
      'CREATE TABLE things (id integer) PARTITION BY LIST (id); CREATE TABLE p0 PARTITION OF things DEFAULT; INSERT INTO things SELECT n % 9 FROM generate_series(1, 500) AS n',
    ],
  ])('a table %s is read whole by one statement, and no other statement resumes it', async (_, sql) => {
    const reading = sourceOf(await newDatabase(sql), { cursor: null, batch_rows: 33 });
    await reading.source.readHighWatermark(reading.entity);
    const batches = await readAll(reading, FULL);
    expect(rowsOf(batches)).toHaveLength(500);
    expect((await begun(reading, FULL)).is_resumable).toBe(false);
    await expect(readAll(reading, FULL, batches[0]?.position)).rejects.toMatchObject({ code: 'KEY_CHANGED' });
  });

  test('a load can’t resume if its key or its table has changed', async () => {
    const url = await newDatabase(
      'CREATE TABLE things (id integer PRIMARY KEY, n integer UNIQUE NOT NULL); INSERT INTO things SELECT n, 101 - n FROM generate_series(1, 100) AS n; CREATE VIEW others AS SELECT * FROM things',
    );
    const reading = sourceOf(url, { cursor: null, batch_rows: 50 });
    const [first] = await readAll(reading, FULL);
    for (const changed of [
      { primary_key: ['n'] },
      { primary_key: ['id', 'n'] },
      { table: 'public.others', primary_key: ['id'] },
    ]) {
      const other = sourceOf(url, { cursor: null, batch_rows: 50, ...changed });
      await expect(readAll(other, FULL, first?.position)).rejects.toMatchObject({ code: 'KEY_CHANGED' });
    }
    expect(rowsOf(await readAll(reading, FULL, first?.position))).toHaveLength(50);
  });
});

describe('a connection', () => {
  const BIG = `CREATE TABLE things (id integer PRIMARY KEY, pad text); INSERT INTO things SELECT n, repeat('x', 2000) FROM generate_series(1, 20000) AS n`;
  const KILL = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'bronze' AND datname = current_database()`;

  test('that is lost is opened again after the last whole batch, and every row comes once', async () => {
    const url = await newDatabase(BIG);
    const { source, entity, events } = sourceOf(url, { cursor: null, batch_rows: 1000 });
    const reader = await source.openSlice(entity, FULL, startAt());
    const ids: (string | null | undefined)[] = [];
    for await (const batch of reader.batches) {
      ids.push(...rowsOf([batch]).map((row) => row['id']));
      if (ids.length === 3000 || ids.length === 9000) await execute(url, KILL);
    }
    expect(ids).toEqual(Array.from({ length: 20_000 }, (_, index) => String(index + 1)));
    expect(events.map((event) => event.kind)).toEqual(['source_retried', 'source_retried']);
  });

  test('that finds other columns when it is opened again fails the slice as transient', async () => {
    const url = await newDatabase(BIG);
    const { source, entity } = sourceOf(url, { cursor: null, batch_rows: 1000 });
    const reader = await source.openSlice(entity, FULL, startAt());
    await expect(async () => {
      for await (const _ of reader.batches) {
        await execute(url, KILL);
        await execute(url, 'ALTER TABLE things RENAME COLUMN pad TO padding').catch(() => undefined);
      }
    }).rejects.toMatchObject({ code: 'SOURCE_TIMEOUT', kind: 'transient' });
  });

  test('whose statement takes too long fails as SOURCE_TIMEOUT', async () => {
    const url = await newDatabase(`CREATE TABLE base (id integer); INSERT INTO base SELECT generate_series(1, 20);
      CREATE VIEW things AS SELECT id FROM base WHERE pg_sleep(0.3) IS NOT NULL`);
    const { source, entity } = sourceOf(url, { cursor: null, primary_key: ['id'] }, { statement_timeout_seconds: 1 });
    await expect(source.readHighWatermark(entity)).rejects.toMatchObject({ code: 'SOURCE_TIMEOUT' });
  });

  test('on which the server sends nothing counts as lost', async () => {
    const url = await newDatabase(`CREATE TABLE base (id integer); INSERT INTO base VALUES (1);
      CREATE VIEW things AS SELECT id FROM base WHERE pg_sleep(5) IS NOT NULL`);
    const { source, entity } = sourceOf(url, { cursor: null, primary_key: ['id'] }, { idle_timeout_seconds: 1 });
    await expect(source.readHighWatermark(entity)).rejects.toMatchObject({ code: 'SOURCE_INTERRUPTED' });
  });

  test('is closed when reading stops early', async () => {
    const url = await newDatabase(BIG);
    const { source, entity } = sourceOf(url, { cursor: null, batch_rows: 100 });
    const reader = await source.openSlice(entity, FULL, startAt());
    for await (const _ of reader.batches) break;
    const client = await connect(url);
    await expect
      .poll(
        async () =>
          (
            await client.query(
              `SELECT 1 FROM pg_stat_activity WHERE application_name = 'bronze' AND datname = current_database()`,
            )
          ).rowCount,
        { timeout: 10_000 },
      )
      .toBe(0);
  });
});

describe('the high watermark', () => {
  const PLAIN = 'CREATE TABLE things (id integer PRIMARY KEY, updated_at timestamptz DEFAULT now())';

  test('is the start of the oldest open transaction, if the role sees it', async () => {
    const url = await newDatabase(PLAIN);
    const { source, entity } = sourceOf(url);
    const free = await source.readHighWatermark(entity);
    const writer = await connect(url);
    await writer.query('BEGIN; INSERT INTO things VALUES (1)');
    const { rows } = await writer.query<{ at: string }>(
      `SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at`,
    );
    const held = await source.readHighWatermark(entity);
    expect(held).toMatchObject({ until: rows[0]?.at, basis: 'exact_activity' });
    await writer.query('COMMIT');
    const after = await source.readHighWatermark(entity);
    expect(free.until < held.until && held.until < after.until).toBe(true);
  });

  test('of a view is the clock less the margin for a role that can’t see other users’ transactions', async () => {
    const url = await newDatabase(`${PLAIN}; CREATE VIEW seen AS SELECT * FROM things`);
    const role = `plain_${new URL(url).pathname.slice(3, 20)}`;
    await execute(url, `CREATE ROLE ${role} LOGIN PASSWORD 'x'; GRANT SELECT ON seen TO ${role}`);
    const login = new URL(url);
    login.username = role;
    login.password = 'x';
    const view = { table: 'public.seen', primary_key: ['id'] };
    const { source, entity } = sourceOf(login.href, view, { margin_seconds: 3600 });
    const watermark = await source.readHighWatermark(entity);
    expect(watermark.basis).toBe('margin');
    expect(watermark.exact).toBeUndefined();
    expect(Math.abs(Date.now() - 3_600_000 - Date.parse(watermark.until))).toBeLessThan(60_000);
    await execute(url, `GRANT pg_read_all_stats TO ${role}`);
    expect((await source.readHighWatermark(entity)).basis).toBe('oldest_transaction');
  });

  test('is below a prepared transaction by the lookback or more', async () => {
    const url = await newDatabase(PLAIN);
    const { source, entity } = sourceOf(url);
    const writer = await connect(url);
    const name = new URL(url).pathname;
    await writer.query(`BEGIN; INSERT INTO things VALUES (1); PREPARE TRANSACTION '${name}'`);
    const before = Date.now();
    const held = await source.readHighWatermark(entity);
    expect(Date.parse(held.until)).toBeLessThan(before - 59_000);
    await writer.query(`COMMIT PREPARED '${name}'`);
  });

  test.each(['America/New_York', 'Asia/Tokyo', 'UTC'])(
    'L1: skips no row that now() writes into a cursor without a zone, in a database of %s',
    async (zone) => {
      const url = await newDatabase('CREATE TABLE things (id serial PRIMARY KEY, updated_at timestamp DEFAULT now())');
      await execute(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET timezone = '${zone}'`);
      const reading = sourceOf(url);
      const seen: (string | null | undefined)[] = [];
      let since = '1970-01-01';
      for (let round = 0; round < 4; round += 1) {
        await execute(url, 'INSERT INTO things DEFAULT VALUES');
        const { until } = await reading.source.readHighWatermark(reading.entity);
        seen.push(...rowsOf(await readAll(reading, incremental(since, until))).map((row) => row['id']));
        since = until;
      }
      expect(seen).toEqual(['1', '2', '3', '4']);
    },
  );

  test('L1: stops where local time will fall back to, before the zone leaves daylight saving time', async () => {
    const client = await connect(await newDatabase());
    const watermarkAt = async (now: string, zone: string) => {
      const sql = TIME_WATERMARK_SQL.replaceAll('now()', `timestamptz '${now}'`);
      return (await client.query<{ until: string }>(sql, ['0', zone])).rows[0]?.until;
    };
    expect(await watermarkAt('2026-11-01T04:30:00Z', 'America/New_York')).toBe('2026-11-01T04:30:00.000000Z');
    expect(await watermarkAt('2026-11-01T05:30:00Z', 'America/New_York')).toBe('2026-11-01T05:00:00.000000Z');
    expect(await watermarkAt('2026-11-01T06:30:00Z', 'America/New_York')).toBe('2026-11-01T06:30:00.000000Z');
    expect(await watermarkAt('2026-03-08T06:59:00Z', 'America/New_York')).toBe('2026-03-08T06:59:00.000000Z');
    expect(await watermarkAt('2026-11-01T05:30:00Z', '')).toBe('2026-11-01T05:30:00.000000Z');
  });

  test('is truncated to the precision of the cursor, so that no rounded row is below it', async () => {
    const { source, entity } = sourceOf(
      await newDatabase('CREATE TABLE things (id integer PRIMARY KEY, updated_at timestamp(0))'),
    );
    expect((await source.readHighWatermark(entity)).until).toMatch(/\.000000Z$/);
  });
});
