import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from '@bronze/common/config';
import type { EndpointEntityInput } from '@bronze/common/config/rest';
import type { LoadType } from '@bronze/common/words/entity';
import { type LocalTime, TimeZone } from '@bronze/common/words/time-zone';
import { timestamp } from '@bronze/common/words/timestamp';
import { runLocally } from '@bronze/runner/run-locally';
import { describe, expect, test } from 'vitest';
import { rowsInBronze } from '../bronze-folder.ts';
import { bronze } from '../command.ts';

interface Changed {
  readonly id: number;
  readonly updated_at: unknown;
}

/** An API with a clock of its own, which compares `since` with its times as text, and a pipeline that reads it. */
class ClockedApi {
  now = '2024-01-15T10:00:00Z';
  readonly records: Changed[] = [];
  readonly asked: (string | null)[] = [];
  readonly #entity: Partial<EndpointEntityInput>;
  readonly out: string;
  readonly #server = createServer((request, response) => {
    const since = new URL(request.url ?? '', 'http://localhost').searchParams.get('since');
    this.asked.push(since);
    const given = this.records.filter(({ updated_at }) => since === null || String(updated_at) >= since);
    response.writeHead(200, { 'content-type': 'application/json', date: new Date(this.now).toUTCString() });
    response.end(JSON.stringify(given));
  });

  private constructor(entity: Partial<EndpointEntityInput>, out: string) {
    this.#entity = entity;
    this.out = out;
  }

  static async open(entity: Partial<EndpointEntityInput> = {}): Promise<ClockedApi> {
    const api = new ClockedApi(entity, await mkdtemp(join(tmpdir(), 'bronze-times-')));
    await new Promise<void>((resolve) => api.#server.listen(0, '127.0.0.1', resolve));
    return api;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async load(load_type?: LoadType) {
    const { port } = this.#server.address() as AddressInfo;
    const config = defineConfig({
      sources: { api: { type: 'rest', base_url: `http://127.0.0.1:${port}`, margin_seconds: 0 } },
      entities: {
        things: { source: 'api', endpoint: '/', primary_key: ['id'], paging: { style: 'none' }, ...this.#entity },
      },
    });
    const log = { event: () => undefined };
    const options = { config, out_dir: this.out, engine: 'duckdb', environment: {}, log } as const;
    const { results } = await runLocally(options, { load_type, stop: new AbortController().signal });
    const [result] = results;
    return { failure: result?.failure, checkpoint: result?.checkpoint, record: result?.loads.at(-1) };
  }

  async rows() {
    return (await rowsInBronze(this.out, 'things')).toSorted((a, b) => Number(a['id']) - Number(b['id']));
  }

  async ids(): Promise<number[]> {
    return (await this.rows()).map(({ id }) => Number(id));
  }
}

const minutesAfter = (from: string, minutes: number) =>
  timestamp(new Date(Date.parse(from) + minutes * 60_000).toISOString());

describe('times without a zone', () => {
  test.concurrent.each(['America/New_York', 'Asia/Tokyo'])(
    'in %s: every change comes once, also while clocks go back, and since is asked in that zone',
    async (cursor_time_zone) => {
      await using api = await ClockedApi.open({ cursor_time_zone });
      const zone = TimeZone.named(cursor_time_zone);
      // New York goes back from two to one o’clock at 06:00.
      const begin = '2023-11-05T04:50:00Z';
      for (let id = 1; id <= 5; id += 1) {
        api.now = minutesAfter(begin, id * 30);
        const shown: LocalTime = zone.localAt(minutesAfter(begin, id * 30 - 5));
        api.records.push({ id, updated_at: shown.slice(0, 19) });
        expect((await api.load()).failure).toBeUndefined();
      }
      api.now = minutesAfter(begin, 300);
      await api.load();
      expect(await api.ids()).toEqual([1, 2, 3, 4, 5]);
      expect(api.asked.filter((since) => since !== null && !/^2023-11-0[45]T[\d:.]+$/.test(since))).toEqual([]);
      expect(new Set((await api.rows()).map(({ updated_at }) => updated_at))).toEqual(
        new Set(api.records.map(({ updated_at }) => String(updated_at).replace('T', ' '))),
      );
    },
  );

  test.concurrent('in a wrong zone west of theirs: changes look old, and are taken and counted all the same', async () => {
    await using api = await ClockedApi.open({ cursor_time_zone: 'UTC', since: null });
    api.records.push({ id: 1, updated_at: '2024-01-14T05:00:00' });
    await api.load();
    for (const [id, hour] of [
      [2, '11'],
      [3, '12'],
    ] as const) {
      api.now = `2024-01-15T${hour}:00:00Z`;
      const zone = TimeZone.named('America/New_York');
      api.records.push({ id, updated_at: zone.localAt(minutesAfter(api.now, -5)).slice(0, 19) });
      expect((await api.load()).record).toMatchObject({ rows: 1, seen_cursors: { late: 1 } });
    }
    expect(await api.ids()).toEqual([1, 2, 3]);
  });

  test.concurrent('so are those that follow a first load of an empty list', async () => {
    await using api = await ClockedApi.open({ cursor_time_zone: 'UTC', since: null });
    expect((await api.load()).record).toMatchObject({ load_type: 'full', rows: 0 });
    api.now = '2024-01-15T11:00:00Z';
    api.records.push({ id: 1, updated_at: '2024-01-15T05:55:00' });
    expect((await api.load()).record).toMatchObject({ load_type: 'incremental', rows: 1, seen_cursors: { late: 1 } });
    expect((await api.load()).record).toMatchObject({ rows: 0, seen_cursors: { late: 0 } });
  });

  test.concurrent('are refused where cursor_time_zone is not set, before anything is claimed', async () => {
    await using api = await ClockedApi.open();
    api.records.push({ id: 1, updated_at: '2024-01-15T05:00:00' });
    const { failure, checkpoint } = await api.load();
    expect(failure).toMatchObject({
      code: 'TIME_ZONE_UNDECLARED',
      message: expect.stringContaining('such as 2024-01-15T05:00:00') as string,
    });
    expect(checkpoint).toBeUndefined();
  });

  test.concurrent('so is cursor_time_zone where the times name their zone', async () => {
    await using api = await ClockedApi.open({ cursor_time_zone: 'Asia/Tokyo' });
    api.records.push({ id: 1, updated_at: '2024-01-15T05:00:00Z' });
    expect((await api.load()).failure).toMatchObject({ code: 'CONFIG_INVALID' });
  });

  test.concurrent('in a column with a zone, are read in theirs', async () => {
    await using api = await ClockedApi.open({ cursor_time_zone: 'Asia/Tokyo', columns: { updated_at: 'timestamptz' } });
    api.records.push({ id: 1, updated_at: '2024-01-15T05:00:00' });
    await api.load();
    expect(await api.rows()).toMatchObject([{ updated_at: '2024-01-14 20:00:00+00' }]);
  });
});

describe('cursors in the future', () => {
  test.concurrent('come with every full load, are counted by the others, and hold nothing back', async () => {
    await using api = await ClockedApi.open();
    const tomorrow = '2024-01-16T10:00:00Z';
    api.records.push(
      { id: 1, updated_at: '2024-01-14T09:00:00Z' },
      { id: 2, updated_at: '9999-12-31T00:00:00Z' },
      { id: 3, updated_at: tomorrow },
    );
    expect((await api.load()).record).toMatchObject({ load_type: 'full', rows: 3 });
    api.now = '2024-01-15T11:00:00Z';
    api.records.push({ id: 4, updated_at: '2024-01-15T10:30:00Z' });
    expect((await api.load()).record).toMatchObject({
      rows: 1,
      left_out: { outside_window: 2, left_for_later: 2, in_the_future: 2 },
    });
    expect((await api.load('full')).record).toMatchObject({ rows: 4, until: '2024-01-15T11:00:00.000000Z' });
    // Once its time has come, a record comes with an incremental load too.
    api.now = '2024-01-16T11:00:00Z';
    expect((await api.load()).record).toMatchObject({ rows: 1, left_out: { in_the_future: 1 } });
    expect(await api.ids()).toEqual([1, 1, 2, 2, 3, 3, 3, 4, 4]);
    expect((await bronze(['status', '--out', api.out])).stdout).toContain('1 (1 in the future)');
  });

  test.concurrent('are not those of changes since the load’s end: a full load leaves these to the next', async () => {
    await using api = await ClockedApi.open();
    api.records.push({ id: 1, updated_at: '2024-01-15T09:00:00Z' }, { id: 2, updated_at: '2024-01-15T10:00:00.5Z' });
    expect((await api.load()).record).toMatchObject({ rows: 1, left_out: { outside_window: 1, left_for_later: 1 } });
    api.now = '2024-01-15T10:01:00Z';
    expect((await api.load()).record).toMatchObject({ rows: 1 });
    expect(await api.ids()).toEqual([1, 2]);
  });
});

describe('cursors in other formats', () => {
  test.concurrent.each([
    ['milliseconds', 1_704_067_200_123, { columns: { updated_at: 'unix_milliseconds' } }, '2024-01-01 00:00:00.123+00'],
    ['nanoseconds', '2024-01-01T00:00:00.123456789Z', {}, '2024-01-01T00:00:00.123456789Z'],
  ] as const)('%s keep all their digits', async (_, updated_at, entity, text) => {
    await using api = await ClockedApi.open(entity);
    api.records.push({ id: 1, updated_at });
    expect((await api.load()).failure).toBeUndefined();
    expect(await api.rows()).toMatchObject([{ updated_at: text }]);
  });

  test.concurrent.each([1_704_067_200_123, 'Mon, 01 Jan 2024 00:00:00 GMT'])(
    '%s is refused, and says what to declare',
    async (updated_at) => {
      await using api = await ClockedApi.open();
      api.records.push({ id: 1, updated_at });
      expect((await api.load()).failure).toMatchObject({
        code: 'COLUMN_UNSUPPORTED',
        hint: expect.stringContaining('unix_milliseconds') as string,
      });
    },
  );
});
