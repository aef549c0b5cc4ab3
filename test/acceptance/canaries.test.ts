/** No command shows or writes a part of a secret, whatever fails, and however others spell it. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Entity } from '@bronze/common/config';
import type { Claim, Source } from '@bronze/common/load/source';
import { Redaction } from '@bronze/common/secrets/redaction';
import { BronzeError, FAILURE_KINDS, type FailureCode, toFailure } from '@bronze/common/words/failure';
import { redactedSource } from '@bronze/extractor/redacted-source';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BRONZE, bronze, type Ended, ended, start } from '../command.ts';
import { filesIn, KEY, PASSWORD, PATH, showsASecret, TOKEN } from './canary-search.ts';
import {
  ANSWER_NAMES,
  type Listening,
  SPELLINGS,
  startEchoingApi,
  startEchoingDatabase,
  startPlainDatabase,
} from './echoing-servers.ts';

const ROOT = join(import.meta.dirname, '../..');
const opened: Listening[] = [];
/** What the servers repeated. */
const said = new Set<string>();
let folder: string;

const urlOf = (port: number, query: string) =>
  `postgresql://u:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/d?${query}`;

/** Writes a configuration file, and returns its path. */
async function configured(name: string, sources: object, entities: object): Promise<string> {
  const path = join(folder, `${name}.config.mjs`);
  const defined = `import { defineConfig } from '${ROOT}/packages/common/src/config/config.ts';
    export default defineConfig(${JSON.stringify({ sources, entities })});`;
  await writeFile(path, defined);
  return path;
}

const database = (variable: string) => ({ type: 'postgres', url: { env: [variable] }, reconnects: 0 });
const api = (api_key_secret: string) => ({
  type: 'rest',
  base_url: { env: ['API_URL'] },
  api_key_secret,
  requests_per_second: 1000,
  attempts: 1,
});
const endpoint = (source: string, path: string) => ({
  source,
  endpoint: path,
  records_path: 'data',
  primary_key: ['id'],
  cursor: null,
  paging: { style: 'next-link' },
  headers: { 'x-token': { env: ['API_TOKEN'] } },
});

/** What a server may refuse a log-in with, and repeat what it was sent: SQLSTATEs by the code that they become. */
const STATES: Readonly<Record<string, string>> = {
  DENYING: '28P01',
  NOT_PERMITTED: '42501',
  WITHOUT_DATABASE: '3D000',
  WITHOUT_TABLE: '42P01',
  WITHOUT_COLUMN: '42703',
  REJECTING: '42601',
  BENT: '22P02',
  GARBLED: '22P05',
  RAISED: 'P0001',
  CROWDED: '53300',
  TIMED_OUT: '57014',
  UNKNOWN: 'ZZ999',
};

async function refusedBy(portOf: (listening: Promise<Listening>) => Promise<number>): Promise<Record<string, string>> {
  const urls = await Promise.all(
    Object.entries(STATES).map(async ([name, state]) => {
      return [name, urlOf(await portOf(startEchoingDatabase(state, said)), 'sslmode=disable')] as const;
    }),
  );
  return Object.fromEntries(urls);
}

/** One entity for each way in which a source can refuse. */
async function refusing(): Promise<{ readonly config: string; readonly environment: Record<string, string> }> {
  const portOf = async (listening: Promise<Listening>) => {
    const one = await listening;
    opened.push(one);
    return one.port;
  };
  const environment = {
    API_URL: `http://127.0.0.1:${await portOf(startEchoingApi(said))}/api/${PATH}/v1`,
    API_KEY: KEY,
    API_TOKEN: TOKEN,
    KEY_IN_JSON: JSON.stringify({ [KEY]: KEY }),
    KEY_WITH_NEWLINE: `${KEY}\n${KEY}`,
    ...(await refusedBy(portOf)),
    PLAIN: urlOf(await portOf(startPlainDatabase()), 'sslmode=verify-full'),
    WRONG_SCHEME: `mysql://u:${encodeURIComponent(PASSWORD)}@127.0.0.1/d`,
    NOT_ESCAPED: `postgresql://u:${PASSWORD}@127.0.0.1/d`,
    NO_URL: `${PASSWORD} ${PASSWORD}`,
  };
  const databases = [...Object.keys(STATES), 'PLAIN', 'WRONG_SCHEME', 'NOT_ESCAPED', 'NO_URL'];
  const keys = {
    api: 'env:API_KEY',
    no_key: 'env:KEY_IN_JSON',
    two_keys: 'env:KEY_WITH_NEWLINE',
    no_file: `file:${folder}/none`,
  };
  const echoing = ANSWER_NAMES.flatMap((how) =>
    Object.keys(SPELLINGS).map((spelling) => [`${how}_${spelling}`, endpoint('api', `/${how}/${spelling}`)]),
  );
  const config = await configured(
    'refusing',
    {
      ...Object.fromEntries(Object.entries(keys).map(([name, secret]) => [name, api(secret)])),
      ...Object.fromEntries(databases.map((name) => [name.toLowerCase(), database(name)])),
    },
    {
      ...Object.fromEntries(echoing),
      ...Object.fromEntries(
        ['no_key', 'two_keys', 'no_file'].map((name) => [`of_${name}`, endpoint(name, '/body/raw')]),
      ),
      ...Object.fromEntries(
        databases.map((name) => [`of_${name.toLowerCase()}`, { source: name.toLowerCase(), table: 'public.things' }]),
      ),
    },
  );
  return { config, environment };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bronze-canary-'));
});
afterAll(async () => {
  for (const one of opened) one.close();
  await rm(folder, { recursive: true });
});

const allOf = ({ stdout, stderr }: Ended) => stdout + stderr;

test.each(Object.entries(SPELLINGS))('the check itself reads a secret that is spelled like this: %s', (_, spell) => {
  for (const secret of [KEY, TOKEN, PASSWORD]) expect(showsASecret(`before ${spell(secret)} after`)).toBeDefined();
  expect(showsASecret('SOURCE_DENIED: (hidden)')).toBeUndefined();
});

describe('a run in which every source refuses, and repeats the secrets that it got', () => {
  let runs: Ended[];
  let outs: string[];

  beforeAll(async () => {
    const { config, environment } = await refusing();
    outs = [join(folder, 'as-json'), join(folder, 'as-table')];
    const [json = '', table = ''] = outs;
    const run = (...args: string[]) =>
      bronze(['run', '--config', config, '--retry-for', '0', '--out', ...args], environment);
    const raw = ANSWER_NAMES.map((how) => `${how}_raw`);
    const first = await Promise.all([run(json, '-o', 'json'), run(table, ...raw, 'of_rejecting', 'of_no_key')]);
    const then = await Promise.all([
      bronze(['status', '--out', json, '-o', 'json']),
      bronze(['status', '--out', table]),
    ]);
    runs = [...first, ...then];
  });

  test('fails for each entity, with the codes of what the user has to change', () => {
    const report = JSON.parse(runs[0]?.stdout ?? '') as {
      entities: { entity: string; error: { code: string } | null }[];
    };
    const codes = Object.fromEntries(report.entities.map(({ entity, error }) => [entity, error?.code]));
    expect(report.entities).toHaveLength(
      ANSWER_NAMES.length * Object.keys(SPELLINGS).length + Object.keys(STATES).length + 7,
    );
    expect(codes).toMatchObject({
      body_raw: 'SOURCE_DENIED',
      json_html: 'SOURCE_REJECTED',
      redirect_percent: 'LINK_REFUSED',
      field_base64: 'RECORDS_MISSING',
      of_no_key: 'SECRET_UNREADABLE',
      of_denying: 'SOURCE_DENIED',
      of_rejecting: 'SOURCE_REJECTED',
      of_not_permitted: 'SOURCE_DENIED',
      of_without_database: 'DATABASE_MISSING',
      of_without_table: 'TABLE_MISSING',
      of_without_column: 'COLUMN_MISSING',
      of_garbled: 'ENCODING_UNSUPPORTED',
      of_crowded: 'SOURCE_INTERRUPTED',
      of_timed_out: 'SOURCE_TIMEOUT',
      of_plain: 'SOURCE_REJECTED',
      of_not_escaped: 'CONFIG_INVALID',
    });
    expect(said.size).toBe(Object.keys(SPELLINGS).length + 1);
  });

  test('ends in one line, and does not say that it wrote anything', () => {
    const lines = (runs[1]?.stderr ?? '').trimEnd().split('\n');
    expect(lines.at(-1)).toMatch(new RegExp(`^0 completed, ${ANSWER_NAMES.length + 2} failed, in \\d+(?:\\.\\d)? s$`));
    expect(lines.filter((line) => /Parquet/.test(line))).toEqual([]);
  });

  test('shows no part of a secret in its output, nor does status', () => {
    for (const run of runs) expect(showsASecret(allOf(run))).toBeUndefined();
    for (const run of runs.slice(0, 2)) expect(allOf(run)).toContain('(hidden)');
  });

  test('writes no part of a secret into any file', async () => {
    const files = new Map((await Promise.all(outs.map(filesIn))).flatMap((found) => [...found]));
    expect([...files.keys()].some((path) => path.endsWith('queues.sqlite'))).toBe(true);
    expect([...files.values()].filter((text) => text.includes('(hidden)')).length).toBeGreaterThan(30);
    const shown = [...files].map(([path, text]) => [path, showsASecret(text)]).filter(([, text]) => text !== undefined);
    expect(shown).toEqual([]);
  });
});

test.each(Object.keys(FAILURE_KINDS) as FailureCode[])('%s: no text of a source shows a secret', async (code) => {
  const redaction = new Redaction();
  redaction.add(KEY, TOKEN, PASSWORD);
  for (const spell of Object.values(SPELLINGS)) {
    const text = [KEY, TOKEN, PASSWORD].map((secret) => `before ${spell(secret)} after`).join(' ');
    const source: Source = {
      system: 'api',
      readHighWatermark: () => Promise.reject(new BronzeError(code, { message: text, hint: text })),
      openSlice: () => Promise.reject(new BronzeError(code, { message: text, hint: text })),
    };
    const read = redactedSource(source, redaction).readHighWatermark({} as Entity, {} as Claim);
    const failure = await read.then(undefined, toFailure);
    expect(failure).toMatchObject({ code });
    expect(showsASecret(JSON.stringify(failure))).toBeUndefined();
  }
});

const ONE_TABLE = [{ db: database('ONE_URL') }, { things: { source: 'db', table: 'public.things' } }] as const;

test.each([
  ['that is not escaped', `postgresql://u:${PASSWORD}@127.0.0.1:1/d`],
  ['of another database', `mysql://u:${encodeURIComponent(PASSWORD)}@127.0.0.1:1/d`],
])('a URL on the command line %s is refused, without a part of its password', async (_, url) => {
  const config = await configured('one', ...ONE_TABLE);
  const out = join(folder, url.slice(0, 5));
  const refused = await bronze(['run', '--config', config, '--out', out, '-o', 'json', '--database-url', url]);
  expect(refused.code).not.toBe(0);
  expect(allOf(refused)).toContain('CONFIG_INVALID');
  expect(showsASecret(allOf(refused))).toBeUndefined();
  for (const text of (await filesIn(out)).values()) expect(showsASecret(text)).toBeUndefined();
});

test('a host that does not exist is named without the password, while its run goes on trying', async () => {
  const config = await configured('one', ...ONE_TABLE);
  const out = join(folder, 'nowhere');
  const ONE_URL = `postgresql://u:${encodeURIComponent(PASSWORD)}@nowhere.invalid/d`;
  const child = start(process.execPath, [BRONZE, 'run', '--config', config, '--out', out], { ONE_URL });
  const end = ended(child);
  if (child.stderr) await once(child.stderr, 'data');
  child.kill('SIGINT');
  const run = await end;
  expect(run.stderr).toContain('nowhere.invalid');
  expect(showsASecret(allOf(run))).toBeUndefined();
  for (const text of (await filesIn(out)).values()) expect(showsASecret(text)).toBeUndefined();
});
