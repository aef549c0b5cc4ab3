/** `node docs/aws/cost.ts` prints the tables of docs/aws/cost.md; a test holds the page against them. */
import { fileURLToPath } from 'node:url';

/** What AWS listed for us-east-1 in 2025, in US dollars, without free tiers. */
const PRICES = {
  'GB-second of a function on arm64': 0.0000133334,
  'GB-second of its /tmp above 512 MB': 0.0000000309,
  'million requests to SQS': 0.4,
  'thousand puts or lists of S3': 0.005,
  'thousand reads of S3': 0.0004,
  'GB-month of S3': 0.023,
  'GB of logs': 0.5,
  'metric and month': 0.3,
  'alarm and month': 0.1,
  'secret and month': 0.4,
  'endpoint, zone and hour': 0.01,
} as const;

/** A shop like the demo, grown up: what a day brings, and what a month therefore needs. */
const VOLUMES = {
  entities: 6,
  'GB of changes a day, as JSON': 2,
  'minutes of extractors a day': 20,
  'minutes of writers a day': 30,
  'puts and lists a day': 1500,
  'reads a day': 3000,
  'GB in bronze, and in versions that are kept': 120,
  'GB of logs a month': 1,
  alarms: 20,
} as const;

const DAYS = 30;
const HOURS = 24;
const MEMORY_GB = 2;
const SCRATCH_GB = 9.5;
/** Of the metrics of an entity, one is measured every hour; the others in the hour of its load. */
const METRICS_A_LOAD = 12;

function monthly(): [what: string, dollars: number][] {
  const seconds = (minutes: number) => minutes * 60 * DAYS;
  const extractors = seconds(VOLUMES['minutes of extractors a day']);
  const writers = seconds(VOLUMES['minutes of writers a day']);
  const puts = (VOLUMES['puts and lists a day'] * DAYS) / 1000;
  const reads = (VOLUMES['reads a day'] * DAYS) / 1000;
  // Two queues that are polled five times every 20 seconds.
  const polls = (2 * 5 * (DAYS * HOURS * 3600)) / 20 / 1e6;
  const metrics = VOLUMES.entities * (1 + METRICS_A_LOAD / HOURS);
  return [
    ['extractors', extractors * MEMORY_GB * PRICES['GB-second of a function on arm64']],
    ['writers', writers * MEMORY_GB * PRICES['GB-second of a function on arm64']],
    ['/tmp of writers', writers * SCRATCH_GB * PRICES['GB-second of its /tmp above 512 MB']],
    ['S3, storage', VOLUMES['GB in bronze, and in versions that are kept'] * PRICES['GB-month of S3']],
    ['S3, requests', puts * PRICES['thousand puts or lists of S3'] + reads * PRICES['thousand reads of S3']],
    ['SQS', polls * PRICES['million requests to SQS']],
    ['logs', VOLUMES['GB of logs a month'] * PRICES['GB of logs']],
    ['metrics', metrics * PRICES['metric and month']],
    ['alarms', VOLUMES.alarms * PRICES['alarm and month']],
    ['two secrets', 2 * PRICES['secret and month']],
  ];
}

/** Only with these settings. */
function extras(): [what: string, dollars: number][] {
  const month = DAYS * HOURS;
  return [
    ['`VPC_ENDPOINTS` in one zone: SQS and Secrets Manager', 2 * month * PRICES['endpoint, zone and hour']],
    ['one more secret', PRICES['secret and month']],
    ['each entity more, its metrics', (1 + METRICS_A_LOAD / HOURS) * PRICES['metric and month']],
  ];
}

/** The tables of the page, in Markdown. */
export function costTables(): string {
  const total = monthly().reduce((sum, [, dollars]) => sum + dollars, 0);
  return [
    table(['price of a', 'US dollars'], Object.entries(PRICES)),
    table(['volume', 'example'], Object.entries(VOLUMES)),
    table(['a month', 'US dollars'], [...monthly(), ['**together**', total] as const].map(rounded)),
    table(['besides', 'US dollars'], extras().map(rounded)),
  ].join('\n\n');
}

function rounded([what, dollars]: readonly [string, number]): [string, string] {
  return [what, dollars.toFixed(2)];
}

function table(head: readonly [string, string], rows: readonly (readonly [string, number | string])[]): string {
  const lines = rows.map(([what, value]) => `| ${what} | ${typeof value === 'number' ? plain(value) : value} |`);
  return [`| ${head.join(' | ')} |`, '|---|--:|', ...lines].join('\n');
}

/** Never `1e-7`. */
function plain(value: number): string {
  return value.toFixed(10).replace(/\.?0+$/, '');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(`${costTables()}\n`);
