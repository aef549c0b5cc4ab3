import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { print, printJson, printTable, right } from '@bronze/cli/terminal/output';
import { count } from '@bronze/cli/terminal/numbers';
import { execute, startEmbeddedPostgres } from '@bronze/emulators/embedded-postgres';
import pg from 'pg';
import { type Phase, PHASES } from './phases.ts';

const USAGE = `npm run bench -- [options]
  --rows N       rows of the table, default 1000000
  --runs N       rounds, of which the medians are printed, default 3
  --only A,B     some of the phases: ${PHASES.join(', ')}
  -o json        figures for programs`;

/** Measures each phase in its own process, and compares its wall time with the floor, a plain COPY in the same run. */
const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    runs: { type: 'string', default: '3' },
    only: { type: 'string', default: PHASES.join(',') },
    output: { type: 'string', short: 'o', default: 'table' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

interface Measured {
  readonly phase: Phase;
  readonly seconds: number;
  readonly cpu_seconds: number;
  readonly rss_mb: number;
}

const run = promisify(execFile);

async function main(): Promise<void> {
  const rows = Number(values.rows);
  const phases = PHASES.filter((phase) => values.only.split(',').includes(phase));
  const server = await startEmbeddedPostgres({ shared_buffers: '512MB', max_wal_size: '8GB', autovacuum: 'off' });
  try {
    const url = await server.createDatabase('bench');
    const copy_bytes = await fill(url, rows);
    const measured: Measured[] = [];
    for (let round = 0; round < Number(values.runs); round += 1) measured.push(...(await measureRound(phases, url)));
    report(rows, copy_bytes, medians(phases, measured));
  } finally {
    await server.stop();
  }
}

/** Creates and fills the table. @returns the table's size as COPY text, in bytes */
async function fill(url: string, rows: number): Promise<number> {
  process.stderr.write(`> filling PostgreSQL with ${count(rows)} orders\n`);
  await execute(url, await readFile(new URL('table.sql', import.meta.url), 'utf8'));
  await execute(
    url,
    `INSERT INTO bench_orders
     SELECT n, n % 50000, (ARRAY['placed', 'paid', 'shipped', 'delivered'])[1 + n % 4], 'EUR', (n % 1000000) / 100.0,
       CASE WHEN n % 3 > 0 THEN 'note ' || md5(n::text) END,
       timestamptz '2020-01-01' + make_interval(secs => n * 8.640123), now()
     FROM generate_series(1, ${rows}) AS n`,
  );
  for (const sql of ['CREATE INDEX ON bench_orders (updated_at)', 'VACUUM ANALYZE bench_orders', 'CHECKPOINT']) {
    await execute(url, sql);
  }
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows: sums } = await client.query<{ bytes: string }>(
    "SELECT sum(length(concat_ws(E'\\t', id, customer_id, status, currency, total, coalesce(note, E'\\\\N'), ordered_at, updated_at)) + 1)::text AS bytes FROM bench_orders",
  );
  await client.end();
  return Number(sums[0]?.bytes);
}

async function measureRound(phases: readonly Phase[], url: string): Promise<Measured[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bronze-bench-'));
  const staged = join(folder, 'staged');
  const measured: Measured[] = [];
  try {
    for (const phase of phases) {
      const target = phase === 'extract' ? staged : join(folder, phase);
      if (phase.startsWith('write-')) await cp(staged, target, { recursive: true });
      const { stdout } = await run('node', [join(import.meta.dirname, 'phase.ts'), phase, url, target]);
      measured.push({ phase, ...(JSON.parse(stdout) as Omit<Measured, 'phase'>) });
      process.stderr.write(`> ${phase}: ${stdout}\n`);
    }
    return measured;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** For each phase, the median of each figure. */
function medians(phases: readonly Phase[], measured: readonly Measured[]): Measured[] {
  const median = (figures: number[]) => figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? 0;
  return phases.map((phase) => {
    const own = measured.filter((one) => one.phase === phase);
    return {
      phase,
      seconds: median(own.map((one) => one.seconds)),
      cpu_seconds: median(own.map((one) => one.cpu_seconds)),
      rss_mb: median(own.map((one) => one.rss_mb)),
    };
  });
}

function report(rows: number, copy_bytes: number, measured: readonly Measured[]): void {
  const floor = measured.find(({ phase }) => phase === 'floor');
  const figures = measured.map(({ phase, seconds, cpu_seconds, rss_mb }) => ({
    phase,
    rows_per_second: Math.round(rows / seconds),
    cpu_seconds_per_gb: Number((cpu_seconds / (copy_bytes / 1e9)).toFixed(1)),
    peak_rss_mb: Math.round(rss_mb),
    wall_ratio_to_floor: floor ? Number((seconds / floor.seconds).toFixed(2)) : null,
  }));
  if (values.output === 'json') return printJson({ rows, copy_bytes, runs: Number(values.runs), figures });
  print(`${count(rows)} rows, ${count(copy_bytes)} bytes of COPY text, median of ${values.runs}`);
  printTable(
    ['phase', 'rows/s', 'CPU s/GB', 'peak RSS MB', 'wall, × floor'],
    figures.map((one) => [
      one.phase,
      right(count(one.rows_per_second)),
      right(String(one.cpu_seconds_per_gb)),
      right(count(one.peak_rss_mb)),
      right(String(one.wall_ratio_to_floor)),
    ]),
  );
}

if (values.help) print(USAGE);
else await main();
