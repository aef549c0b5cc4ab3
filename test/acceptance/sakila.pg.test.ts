import { describe, expect, test } from 'vitest';
import config from '../../examples/sakila/bronze.config.ts';
import { loadSakila } from '../../examples/sakila/load.ts';
import { rowsInBronze } from '../bronze-folder.ts';
import { bronze } from '../command.ts';
import { execute, newDatabase, newFolder, textRows } from '../database.ts';

interface Report {
  readonly entities: readonly {
    readonly entity: string;
    readonly status: string;
    readonly rows: number;
    readonly checkpoint: string;
  }[];
}

const METADATA = ['_ingestion_ts', '_source_system', '_record_hash', '_ingestion_id'];

async function run(out: string, url: string): Promise<Report> {
  const given = [
    'run',
    '--config',
    'examples/sakila/bronze.config.ts',
    '--database-url',
    url,
    '--out',
    out,
    '-o',
    'json',
  ];
  const { code, stdout, stderr } = await bronze(given);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Report;
}

describe('Sakila, a real database', () => {
  test('the first run ingests all 46,273 rows value for value, the next none, the third ten changed ones', async () => {
    const url = await newDatabase();
    await loadSakila(url);
    const out = await newFolder();

    const first = await run(out, url);
    expect(first.entities.map(({ status }) => status)).toEqual(Array(15).fill('completed'));
    expect(first.entities.reduce((sum, { rows }) => sum + rows, 0)).toBe(46_273);
    for (const [entity, settings] of Object.entries(config.entities)) {
      const bronzed = await rowsInBronze(out, entity);
      for (const row of bronzed) for (const name of METADATA) delete row[name];
      const printed = await textRows(url, `SELECT * FROM ${'table' in settings ? settings.table : ''}`);
      const sorted = (rows: object[]) => rows.map((row) => JSON.stringify(row)).toSorted();
      expect(sorted(bronzed), entity).toEqual(sorted(printed));
    }

    const second = await run(out, url);
    expect(second.entities.reduce((sum, { rows }) => sum + rows, 0)).toBe(0);
    for (const [index, { checkpoint }] of second.entities.entries()) {
      expect(checkpoint >= (first.entities[index]?.checkpoint ?? '')).toBe(true);
    }

    await execute(url, 'UPDATE film SET rental_rate = rental_rate + 1, last_update = now() WHERE film_id <= 10');
    const third = await run(out, url);
    expect(third.entities.filter(({ rows }) => rows > 0).map(({ entity, rows }) => [entity, rows])).toEqual([
      ['film', 10],
    ]);
  });
});
