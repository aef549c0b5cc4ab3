import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type AlarmProperties, alarmTimes, type Names } from './cloudwatch.fixtures.ts';
import { DEPLOYED_MS, OutageWorld } from './outage-world.fixtures.ts';
import { ingestion, resources, template, TOPIC } from './stacks.fixtures.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Within which an outage raises its alarm. */
const WITHIN_MS = 15 * MINUTE_MS;

type Resources = Record<string, { readonly Type: string; readonly Properties: Record<string, unknown> }>;
const all = (template.toJSON() as { Resources: Resources }).Resources;
const alarms = Object.entries(all).flatMap(([id, { Type, Properties }]) =>
  Type === 'AWS::CloudWatch::Alarm'
    ? [{ name: id.replace(/^Alarms/, '').replace(/[0-9A-F]{8}$/, ''), alarm: Properties as unknown as AlarmProperties }]
    : [],
);
const names: Names = (token) => {
  if (typeof token === 'string') return token;
  const id = 'Ref' in token ? token.Ref : token['Fn::GetAtt'][0];
  const { FunctionName, QueueName } = all[id]?.Properties ?? {};
  return String(FunctionName ?? QueueName ?? id);
};

/** The alarms that are raised between two times, with the milliseconds since the first of them. */
function raised({ metrics }: OutageWorld, from_ms: number, to_ms: number): Record<string, number> {
  const found = alarms.flatMap(({ name, alarm }) => {
    const [first] = alarmTimes(alarm, metrics, { names, from_ms, to_ms });
    return first === undefined ? [] : [[name, first - from_ms] as const];
  });
  return Object.fromEntries(found);
}

/** Worlds in which all went well until then. */
const past: { ms: number; world: OutageWorld }[] = [];

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  let world = new OutageWorld();
  for (const ms of [DEPLOYED_MS, at('15T01:59:00'), at('15T12:00:00'), at('16T00:00:00'), at('16T03:59:00')]) {
    await world.until(ms);
    past.push({ ms, world });
    world = await world.fork();
  }
});
afterAll(() => void vi.useRealTimers());

const at = (text: string) => Date.parse(`2026-01-${text}Z`);
const load = { entity: 'orders', load_id: '00000000-0000-4000-8000-000000000001' };

interface Outage {
  readonly begins: string;
  /** What does not happen any more, and from when on; before the outage, if it takes time to be one. */
  readonly off?: { readonly from: string; readonly what: string };
  /** What happens then. */
  readonly before?: (world: OutageWorld) => Promise<void>;
  /** What happens when it begins. */
  readonly happens?: (world: OutageWorld) => void | Promise<void>;
  readonly raises: readonly string[];
}

const OUTAGES: Readonly<Record<string, Outage>> = {
  'a database that does not answer': {
    begins: '15T02:00:00',
    happens: (world) => world.fails('extractor', 'SOURCE_UNREACHABLE'),
    raises: ['SourceUnreachable'],
  },
  'an API that keeps answering 503': {
    begins: '15T02:03:00',
    happens: (world) => world.fails('extractor', 'SOURCE_FAILING'),
    raises: ['SourceUnreachable'],
  },
  'a table that is gone': {
    begins: '15T02:00:00',
    happens: (world) => world.fails('extractor', 'TABLE_MISSING'),
    raises: ['PermanentFailures', 'ExtractDeadLetters'],
  },
  'a failure that lasts': {
    begins: '15T02:04:00',
    happens: (world) => world.fails('extractor', 'SOURCE_TIMEOUT', 6),
    raises: ['RepeatedFailures'],
  },
  'S3 that throttles': {
    begins: '15T02:00:00',
    happens: (world) => world.fails('writer', 'STORE_UNREACHABLE'),
    raises: ['AwsUnreachable'],
  },
  'a function that does not start': {
    begins: '15T02:00:00',
    happens: (world) => world.invoked('WriterFunction', { errors: 1 }),
    raises: ['WriterErrors'],
  },
  'an extractor that runs for more than 13 minutes': {
    begins: '15T02:00:00',
    happens: (world) => world.invoked('ExtractorFunction', { duration_ms: 13 * MINUTE_MS + 1 }),
    raises: ['ExtractorDuration'],
  },
  'a writer that runs for more than 13 minutes': {
    begins: '15T02:00:00',
    happens: (world) => world.invoked('WriterFunction', { duration_ms: 13 * MINUTE_MS + 1 }),
    raises: ['WriterDuration'],
  },
  'a dead letter that nobody reported': {
    begins: '15T02:00:00',
    happens: (world) => void (world.dead = 1),
    raises: ['ExtractDeadLetters'],
  },
  'rows in quarantine': {
    begins: '15T02:09:00',
    happens: (world) =>
      world.event('writer', {
        ...load,
        kind: 'task_written',
        slice: 0,
        task: 0,
        rows: 9,
        parts: 1,
        bytes: 9,
        rows_quarantined: 1,
      }),
    raises: ['Quarantine'],
  },
  'a column that was added': {
    begins: '15T02:09:00',
    happens: (world) =>
      world.event('writer', {
        ...load,
        kind: 'schema_changed',
        changes: [{ kind: 'added', column: 'vip', to: 'boolean' }],
      }),
    raises: ['SchemaChanged'],
  },
  'an entity that gets late': {
    // Loaded on the 15th up to 02:00, and late after 26 hours.
    off: { from: '16T00:00:00', what: 'orders' },
    begins: '16T04:00:00',
    raises: ['Lateorders'],
  },
  'an entity that was never loaded': {
    // First measured on the 14th at 12:04, and late after 26 hours.
    off: { from: '15T12:00:00', what: 'shipments' },
    before: (world) => world.edit((file) => ({ ...file, shipments: undefined })),
    begins: '15T14:04:00',
    raises: ['Lateshipments'],
  },
  'a checkpoint that can’t be read': {
    begins: '15T09:00:00',
    happens: (world) => world.edit((file) => ({ ...file, customers: { last_sync_timestamp: 'yesterday' } })),
    raises: ['Latecustomers'],
  },
  'a file of checkpoints that can’t be read': {
    begins: '15T09:00:00',
    happens: (world) => world.edit(() => ['not', 'checkpoints']),
    raises: ['FreshnessErrors'],
  },
  'a schedule that does not run': {
    off: { from: '16T00:00:00', what: 'planner' },
    begins: '16T02:00:00',
    raises: ['ScheduleSilent'],
  },
  'a measurement that does not run': {
    off: { from: '15T09:00:00', what: 'freshness' },
    begins: '15T09:00:00',
    raises: ['FreshnessSilent'],
  },
};

async function live({ begins, off, before, happens }: Outage): Promise<OutageWorld> {
  const from_ms = at(off?.from ?? begins);
  const world = await past.findLast(({ ms }) => ms <= from_ms)?.world.fork();
  if (!world) throw new Error('it begins before the deployment');
  await world.until(from_ms);
  if (off) world.off.add(off.what);
  await before?.(world);
  await world.until(at(begins));
  await happens?.(world);
  await world.until(at(begins) + WITHIN_MS);
  return world;
}

describe('within 15 minutes', () => {
  test.each(Object.entries(OUTAGES))('%s raises its alarm, and no other', async (_, outage) => {
    const begins_ms = at(outage.begins);
    const world = await live(outage);
    expect(raised(world, begins_ms - HOUR_MS, begins_ms)).toEqual({});
    const found = raised(world, begins_ms, begins_ms + WITHIN_MS);
    expect(Object.keys(found).toSorted()).toEqual([...outage.raises].toSorted());
  });
});

test('40 hours from the deployment on, in which all goes well, raise no alarm', () => {
  const last = past.at(-1);
  expect(last?.world.metrics.all().length).toBeGreaterThan(4000);
  expect(last && raised(last.world, DEPLOYED_MS, last.ms)).toEqual({});
});

test('what happens in another pipeline of the account raises no alarm of this one', async () => {
  const [other, world] = [new OutageWorld('Other'), new OutageWorld()];
  await other.fails('extractor', 'SOURCE_UNREACHABLE');
  await other.until(DEPLOYED_MS + WITHIN_MS);
  const own = other.metrics.all().filter(({ namespace }) => namespace === 'Bronze');
  expect(own.map(({ name }) => name)).toEqual(expect.arrayContaining(['SourceUnreachable', 'FreshnessLagSeconds']));
  for (const point of own) world.metrics.add(point);
  expect(raised(world, DEPLOYED_MS, DEPLOYED_MS + WITHIN_MS)).toEqual({});
});

test('a planner that is not invoked any more is noticed without a measurement too, within two hours of its time', async () => {
  const outage = { begins: '16T02:00:00', off: { from: '16T00:00:00', what: 'planner' }, raises: [] };
  const world = await live(outage);
  await world.until(at('16T04:00:00'));
  const { PlannerSilent } = raised(world, at(outage.begins), at('16T04:00:00'));
  expect(PlannerSilent).toBeLessThanOrEqual(2 * HOUR_MS);
});

test('an alarm of silence stays one, however long the silence lasts', async () => {
  const world = await live({ ...OUTAGES['a measurement that does not run'], begins: '15T09:00:00', raises: [] });
  await world.until(at('15T12:00:00'));
  const silent = alarms.find(({ name }) => name === 'FreshnessSilent');
  if (!silent) throw new Error('there is no such alarm');
  const when = { names, from_ms: DEPLOYED_MS, to_ms: at('15T12:00:00') };
  expect(alarmTimes(silent.alarm, world.metrics, when)).toHaveLength(1);
});

test('the alarms are exactly these', () => {
  expect(alarms.map(({ name }) => name).toSorted()).toMatchInlineSnapshot(`
    [
      "AwsUnreachable",
      "CatalogErrors",
      "CatalogThrottles",
      "ExtractDeadLetters",
      "ExtractOldestMessage",
      "ExtractorDuration",
      "ExtractorErrors",
      "ExtractorThrottles",
      "FreshnessErrors",
      "FreshnessSilent",
      "FreshnessThrottles",
      "Latecustomers",
      "Lateorderitems",
      "Lateorders",
      "Latepayments",
      "Lateproducts",
      "Lateshipments",
      "PermanentFailures",
      "PlannerErrors",
      "PlannerSilent",
      "PlannerThrottles",
      "Quarantine",
      "RepeatedFailures",
      "ScheduleDeadLetters",
      "ScheduleSilent",
      "SchemaChanged",
      "SourceUnreachable",
      "WriteDeadLetters",
      "WriteOldestMessage",
      "WriterDuration",
      "WriterErrors",
      "WriterThrottles",
    ]
  `);
});

test('each alarm names an existing section of the runbook, and notifies the topic when it begins and ends', () => {
  const runbook = readFileSync(join(import.meta.dirname, '../../../docs/runbook.md'), 'utf8');
  const sections = [...runbook.matchAll(/^## (Alarm: .*)$/gm)].map(([, title]) => title);
  for (const { alarm } of alarms) {
    const [, section] =
      /What to do: the section “(Alarm: .+)” of docs\/runbook\.md\.$/.exec(alarm.AlarmDescription) ?? [];
    expect(sections).toContain(section);
    expect(alarm).toMatchObject({ AlarmActions: [TOPIC], OKActions: [TOPIC] });
  }
});

test('with the runbook’s address each alarm links to its section', () => {
  const runbookUrl = 'https://git.example.com/bronze/docs/runbook.md';
  const linked = Template.fromStack(ingestion(new App(), { runbookUrl }));
  const runbook = readFileSync(join(import.meta.dirname, '../../../docs/runbook.md'), 'utf8');
  const anchors = [...runbook.matchAll(/^## (Alarm: .*)$/gm)].map(([, title = '']) =>
    title.toLowerCase().replaceAll(':', '').replaceAll(' ', '-'),
  );
  for (const { Properties } of Object.values(resources('AWS::CloudWatch::Alarm', linked))) {
    const [, url, anchor] = /What to do: (.*)#(.*)$/.exec(String(Properties['AlarmDescription'])) ?? [];
    expect(url).toBe(runbookUrl);
    expect(anchors).toContain(anchor);
  }
});

test('an e-mail address gets a topic of its own: encrypted with a key that alarms may use, and by TLS only', () => {
  const app = new App();
  const mailed = Template.fromStack(ingestion(app, { alarmsTo: { email: 'data@example.com' } }));
  mailed.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'email', Endpoint: 'data@example.com' });
  mailed.hasResourceProperties('AWS::SNS::Topic', { KmsMasterKeyId: Match.anyValue() });
  const cloudwatch = { Service: 'cloudwatch.amazonaws.com' };
  mailed.hasResourceProperties('AWS::KMS::Key', {
    EnableKeyRotation: true,
    KeyPolicy: {
      Statement: Match.arrayWith([
        Match.objectLike({ Principal: cloudwatch, Action: ['kms:Decrypt', 'kms:GenerateDataKey*'] }),
      ]),
    },
  });
  mailed.hasResourceProperties('AWS::SNS::TopicPolicy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
        Match.objectLike({ Effect: 'Allow', Principal: cloudwatch, Action: 'sns:Publish' }),
      ]),
    },
  });
  for (const { Properties } of Object.values(resources('AWS::CloudWatch::Alarm', mailed)))
    expect(Properties['AlarmActions']).toEqual([{ Ref: expect.stringMatching(/^AlarmTopic/) as string }]);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
  expect(() => app.synth()).not.toThrow();
});
