/** The commands about a pipeline on AWS, with the real functions and the real SDK over HTTP. */
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { abandonCommand } from '@bronze/cli/commands/abandon-command';
import { previewCommand } from '@bronze/cli/commands/preview-command';
import {
  quarantineAcknowledgeCommand,
  quarantineListCommand,
  quarantineReleaseCommand,
  quarantineShowCommand,
} from '@bronze/cli/commands/quarantine-command';
import { queryCommand } from '@bronze/cli/commands/query-command';
import { runsCommand, runsShowCommand } from '@bronze/cli/commands/runs-command';
import { schemaCommand } from '@bronze/cli/commands/schema-command';
import { statusCommand } from '@bronze/cli/commands/status-command';
import { exitCodeOf } from '@bronze/cli/exit-code';
import { capturing } from '@bronze/cli/terminal/fake-terminal.fixtures';
import { PurgeQueueCommand } from '@aws-sdk/client-sqs';
import { SqsDeadLetters } from '@bronze/common/adapters/aws/sqs-dead-letters';
import type { LoadRecord } from '@bronze/common/load/load-record';
import { loadRecordKey, quarantineKey } from '@bronze/common/load/object-keys';
import { quarantineLine } from '@bronze/common/load/quarantine-lines';
import { toFailure } from '@bronze/common/words/failure';
import { encodeJson } from '@bronze/common/words/json';
import { EPOCH, timestamp } from '@bronze/common/words/timestamp';
import { MovingList } from '@bronze/demo/source-api/api-record';
import { LoopbackServer } from '@bronze/demo/source-api/loopback-server';
import { SourceApi } from '@bronze/demo/source-api/source-api';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { AwsWorld, type Functions, SHOP_KEY } from './aws-world.ts';
import { recordOf } from './rest-world.ts';

const ROWS = 60;

// A small API in place of the shop's, so that a load has several write tasks and takes no time.
vi.mock('../../bronze.config.ts', async () => {
  const [{ defineConfig }, { env }] = await Promise.all([
    import('@bronze/common/config'),
    import('@bronze/common/reference'),
  ]);
  return {
    default: defineConfig({
      sources: {
        api: {
          type: 'rest',
          base_url: env('PAYMENTS_API_URL'),
          api_key_secret: env('API_KEY_SECRET_ARN'),
          margin_seconds: 0,
          requests_per_second: 1000,
        },
      },
      entities: {
        payments: {
          source: 'api',
          endpoint: '/things',
          records_path: 'data',
          primary_key: ['id'],
          paging: { style: 'cursor', cursor_path: 'meta.next_cursor', size: 20 },
          columns: { amount: 'numeric(12,3)' },
          batch_rows: 20,
          task_rows: 20,
        },
      },
    }),
  };
});

let world: AwsWorld;
let api: LoopbackServer;
let functions: Pick<Functions, 'extractor' | 'writer'>;
const list = new MovingList(Array.from({ length: ROWS }, (_, n) => recordOf(n)));

beforeAll(async () => {
  world = await AwsWorld.open('postgresql://nobody@127.0.0.1:1/none');
  const lists = { '/things': () => list };
  api = await LoopbackServer.start(new SourceApi({ lists, apiKey: async () => SHOP_KEY, move: () => 0 }));
  process.env['PAYMENTS_API_URL'] = api.url;
  const { handler: extractor } = await import('@bronze/extractor/handler');
  const { handler: writer } = await import('@bronze/writer/handler');
  functions = { extractor, writer };
});

afterAll(async () => {
  await api.stop();
  await world.close();
});

const target = () => ({ bucket: 'shop-bronze', endpoint: world.endpoint.url });
const json = () => ({ ...target(), output: 'json' }) as const;
const table = () => ({ ...target(), output: 'table' }) as const;

async function said(command: () => Promise<number>): Promise<{ code: number; stdout: string; stderr: string }> {
  let code = -1;
  const { stdout, stderr } = await capturing(undefined, async () => void (code = await command()));
  return { code, stdout, stderr };
}

interface ShownStatus {
  readonly queues: object[];
  readonly entities: { entity: string; state: string; dead_letters: string[]; pending_load: object | null }[];
}

async function statusOf(entity: string) {
  const { code, stdout } = await said(() => statusCommand([entity], json()));
  const { queues, entities } = JSON.parse(stdout) as ShownStatus;
  return { code, queues, ...entities[0] };
}

const TWO_HOURS_MS = 2 * 60 * 60_000;

/** Writers to which each message comes for the fifth time, two hours after the first: no failure is retried after that. */
function atLastDelivery(): typeof functions {
  const writer: Functions['writer'] = async ({ Records }, context) => {
    const late = { ApproximateReceiveCount: '5', ApproximateFirstReceiveTimestamp: String(Date.now() - TWO_HOURS_MS) };
    const aged = Records.map((record) => ({ ...record, attributes: { ...record.attributes, ...late } }));
    return functions.writer({ Records: aged }, context);
  };
  return { ...functions, writer };
}

/** Deletes one staged batch before the first write task is delivered, as a lifecycle rule might. */
function losingABatch(): typeof functions {
  let isLost = false;
  const writer: Functions['writer'] = async (event, context) => {
    const staged = await world.objects.list('data/staging/payments/');
    if (!isLost) await world.objects.remove(staged.find((key) => key.endsWith('.ndjson.zst')) ?? '');
    isLost = true;
    return atLastDelivery().writer(event, context);
  };
  return { ...functions, writer };
}

describe('a load of which a staged batch was deleted', () => {
  let load_id: string | undefined;

  test('fails with OBJECT_MISSING until its last delivery; status names the reason of the dead letters', async () => {
    await world.send('{"entity":"payments"}');
    await world.drain(losingABatch());
    load_id = (await world.checkpoints.read('payments')).checkpoint?.pending_load?.load_id;
    expect(await statusOf('payments')).toMatchObject({
      code: 4,
      state: 'failed',
      dead_letters: [expect.stringMatching(/^OBJECT_MISSING: /)],
      pending_load: { load_id },
      queues: [
        { queue: 'extract', waiting: 0, in_flight: 0, delayed: 0 },
        { queue: 'write', waiting: 0, in_flight: 0, delayed: 0 },
      ],
    });
    const { stderr } = await said(() => statusCommand([], table()));
    expect(stderr).toContain('On AWS: s3://shop-bronze, stack EcomIngestionStack');
    expect(stderr).toMatch(/payments failed: OBJECT_MISSING\n {2}at 20\d\d-.*\n.*is gone/);
    expect(stderr).toMatch(/What to do: .* Then abandon the load/);
    expect(stderr).toMatch(/payments: npx --no -- bronze abandon payments --stack .* abandons its load/);
    expect(stderr).toContain('Messages in the queues, about: extract none; write none.');
  });

  test('keeps blocking its entity: another request waits behind it, and is as dead', async () => {
    await world.send('{"entity":"payments"}');
    await world.drain(atLastDelivery());
    expect(await statusOf('payments')).toMatchObject({ code: 4, state: 'failed', waiting_requests: 1 });
  });

  test('is abandoned by one command, which sends the request that waits and names what the load had written', async () => {
    const abandoned = await said(() => abandonCommand('payments', target()));
    expect(abandoned.code).toBe(0);
    expect(abandoned.stderr).toContain(`payments: load ${load_id} is abandoned; the checkpoint has not moved.`);
    expect(abandoned.stderr).toContain(`2 parts of the abandoned load ${load_id} can be seen by queries`);
    expect(abandoned.stderr).toMatch(
      /npx --no -- bronze abandon payments --delete-parts --stack EcomIngestionStack --bucket shop-bronze --endpoint \S*127\.0\.0\.1\S* deletes them/,
    );
    expect(await world.depth('extract')).toBe(1);
    expect(await statusOf('payments')).toMatchObject({ pending_load: null, waiting_requests: 1 });
  });

  test('leaves its parts to a second call, while the next load may have begun', async () => {
    const { stderr } = await said(() => abandonCommand('payments', { ...target(), deleteParts: true }));
    expect(stderr).toContain('payments has no pending load.');
    expect(stderr).toContain(`Deleted 2 parts of the abandoned load ${load_id}.`);
    expect(await world.objects.list('data/bronze/')).toEqual([]);
  });

  test('is made good by the load after it: no row is lost or doubled', async () => {
    await world.drain(functions);
    expect(await world.record('payments')).toMatchObject({ status: 'completed', rows: ROWS });
    const rows = await world.rows('payments');
    expect([rows.length, new Set(rows.map(({ id }) => id)).size]).toEqual([ROWS, ROWS]);
    // What is left of the abandoned load is replayed, and does nothing.
    const [source_queue_url, dead_letter_queue_url] = [world.queueUrl('write'), world.queueUrl('write-dlq')];
    const replayed = await new SqsDeadLetters(world.sqs, { source_queue_url, dead_letter_queue_url }).replay(
      () => true,
    );
    expect(replayed.length).toBeGreaterThan(0);
    await world.drain(functions);
    expect(await world.rows('payments')).toHaveLength(ROWS);
    expect(await statusOf('payments')).toMatchObject({ code: 0, state: 'idle', dead_letters: [], waiting_requests: 0 });
    const { stderr } = await said(() => abandonCommand('payments', target()));
    expect(stderr).toMatch(/payments has no pending load\.\n$/);
  });
});

describe('rows and quarantine in the bucket', () => {
  test('preview fetches the newest part into a folder of its own, which is gone afterwards', async () => {
    const before = await temporaryFolders();
    const { code, stdout } = await said(() => previewCommand('payments', { ...json(), limit: 3 }));
    expect([code, JSON.parse(stdout)]).toMatchObject([0, [{ id: 'r0000000', amount: '0.340' }, {}, {}]]);
    expect(await temporaryFolders()).toEqual(before);
    await expect(previewCommand('paymnts', { ...json(), limit: 3 })).rejects.toMatchObject({
      code: 'ENTITY_UNKNOWN',
      hint: expect.stringContaining('Did you mean payments?') as string,
    });
  });

  test('quarantine lists, shows and acknowledges rows, and release sends the request for a full load', async () => {
    await putIntoQuarantine('leases');
    const place = 's3://shop-bronze/data/quarantine/leases/ingestion_date=2024-01-15/';
    const listed = await said(() => quarantineListCommand([], table()));
    expect([listed.code, listed.stdout]).toEqual([4, expect.stringContaining('due is not exactly a timestamptz (1)')]);
    const shown = await said(() => quarantineShowCommand('leases', { ...table(), limit: 5 }));
    expect(shown.stdout).toContain('{"id":"1","due":"infinity"}');
    expect(shown.stderr).toContain(`leases: 1 of 1 row in quarantine\n  ${place}`);
    const { stderr } = await said(() => statusCommand(['leases'], table()));
    expect(stderr).toContain(`They are in ${place}`);
    expect(stderr).toContain('quarantine show leases --stack EcomIngestionStack --bucket shop-bronze');

    const released = await said(() => quarantineReleaseCommand('leases', table()));
    expect(released.stderr).toContain('leases: a full load is requested');
    expect(await world.depth('extract')).toBe(1);
    const { checkpoint } = await world.checkpoints.read('leases');
    expect(checkpoint?.next_requests).toMatchObject([{ entity: 'leases', load_type: 'full' }]);
    const again = await said(() => quarantineReleaseCommand('leases', table()));
    expect(again.stderr).toContain('a full load is asked for or pending already');
    expect(await world.depth('extract')).toBe(1);
    await world.sqs.send(new PurgeQueueCommand({ QueueUrl: world.queueUrl('extract') }));

    const acknowledged = await said(() => quarantineAcknowledgeCommand('leases', table()));
    expect(acknowledged.stderr).toContain('1 row in quarantine acknowledged');
    expect((await said(() => quarantineListCommand([], json()))).code).toBe(0);
  });
});

/** Of this process: other tests have their own. */
const temporaryFolders = async () =>
  (await readdir(tmpdir())).filter((name) => name.startsWith('bronze-duckdb-') && name.includes(`-${process.pid}-`));

async function putIntoQuarantine(entity: string): Promise<void> {
  const at = timestamp('2024-01-15T10:00:00Z');
  const load = { entity, load_id: '00000000-0000-8000-8000-000000000001', load_type: 'full', ingested_at: at } as const;
  const key = quarantineKey(load, 0, 0);
  const row = Buffer.from('{"id":"1","due":"infinity"}');
  await world.objects.putIfAbsent(key, quarantineLine('due: "infinity" is not exactly a timestamptz', row));
  const counts = { rows: 1, rows_in_bronze: 0, rows_quarantined: 1, slices: 1, write_tasks: 1 };
  const record: LoadRecord = {
    version: 1,
    status: 'completed',
    ...load,
    since: EPOCH,
    until: at,
    completed_at: at,
    ...counts,
    engines: [],
    columns: [],
    parts: [],
    quarantine: [{ key, rows: 1, reasons: [{ reason: 'due is not exactly a timestamptz', rows: 1 }] }],
  };
  await world.objects.putIfAbsent(loadRecordKey(load), encodeJson(record));
}

describe('what was loaded', () => {
  test('runs shows each load with its rows and its failures, and one of them by its id', async () => {
    const { stdout } = await said(() => runsCommand(['payments'], { ...json(), limit: 20 }));
    const runs = JSON.parse(stdout) as { id: string; loads: object[]; failures: object[] }[];
    expect(runs).toMatchObject([
      { run_id: null, loads: [{ status: 'completed', rows: ROWS, parts: 3 }], failures: [] },
      { run_id: null, loads: [{ status: 'abandoned', rows: 0 }], failures: [{ code: 'OBJECT_MISSING' }, {}] },
    ]);
    const shown = await said(() => runsShowCommand(runs[1]?.id ?? '', table()));
    expect(shown.stdout).toMatch(/payments .* abandoned .* full/);
    expect(shown.stderr).toContain('payments failed: OBJECT_MISSING');
    await expect(runsShowCommand('nothing', table())).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  test('query fetches the parts of the entities that it names, and no more than is allowed', async () => {
    const sql = 'SELECT count(*) AS rows, sum(n) AS sum FROM Payments; ';
    const { stdout, stderr } = await said(() => queryCommand(sql, { ...json(), fetchMax: 1e9 }));
    const sum = Array.from({ length: ROWS }, (_, n) => 9_007_199_254_740_993n + BigInt(n)).reduce((a, b) => a + b);
    expect(JSON.parse(stdout)).toEqual([{ rows: String(ROWS), sum: String(sum) }]);
    expect(stderr).toContain('Fetching 3 parts, ');
    const later = await said(() => queryCommand('FROM payments', { ...json(), fetchMax: 1, since: '2100-01-01' }));
    expect(later.stdout).toBe('[]\n');
    await expect(queryCommand(sql, { ...json(), fetchMax: 1 })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/^the query would fetch 3 parts, /) as string,
    });
    await expect(queryCommand('SELECT * FROM paymnts', { ...json(), fetchMax: 1e9 })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      hint: expect.stringContaining('payments') as string,
    });
  });

  test('schema shows the columns of the last load', async () => {
    const { stdout } = await said(() => schemaCommand('payments', json()));
    const { columns } = JSON.parse(stdout) as { columns: object[] };
    expect(columns).toContainEqual({
      name: 'amount',
      source_type: 'numeric(12,3)',
      parquet_type: 'decimal(12,3)',
      is_seen: true,
    });
    const shown = await said(() => schemaCommand('payments', table()));
    expect(shown.stdout).toContain('decimal(12,3)');
  });
});

describe('what AWS refuses, or nothing names, is said as it is', () => {
  const NOWHERE = { AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: '/none', AWS_SHARED_CREDENTIALS_FILE: '/none' };
  afterEach(() => vi.unstubAllEnvs());

  async function failureOfStatus(environment: object, options: object): Promise<[number, string]> {
    for (const [name, value] of Object.entries({ ...NOWHERE, AWS_ENDPOINT_URL: world.endpoint.url, ...environment })) {
      vi.stubEnv(name, value);
    }
    const thrown: unknown = await statusCommand([], { ...json(), ...options }).catch((error: unknown) => error);
    const failure = toFailure(thrown);
    return [exitCodeOf(failure), `${failure.code}: ${failure.message}`];
  }

  test.each([
    ['no region', { AWS_REGION: '' }, {}, 2, 'CONFIG_INVALID: no AWS region is set'],
    ['no login', { AWS_ACCESS_KEY_ID: '' }, {}, 2, 'CONFIG_INVALID: there are no AWS credentials'],
    ['no bucket', { S3_BUCKET_NAME: '' }, { bucket: undefined }, 2, 'CONFIG_INVALID: no bucket is given'],
    ['another bucket', {}, { bucket: 'elsewhere' }, 2, 'STORE_MISSING: s3://elsewhere/'],
    ['another stack', {}, { stack: 'Elsewhere' }, 2, 'QUEUE_MISSING: queue Elsewhere-'],
    ['options of a folder too', {}, { out: 'bronze-data' }, 2, 'CONFIG_INVALID: --out is a folder on this machine'],
    ['no answer, which may come later', {}, { endpoint: 'http://127.0.0.1:1' }, 3, '_UNREACHABLE: '],
  ] as const)('%s', async (_, environment, options, code, text) => {
    expect(await failureOfStatus(environment, options)).toEqual([code, expect.stringContaining(text)]);
  });
});
