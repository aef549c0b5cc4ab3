import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { execute, startEmbeddedPostgres } from '@bronze/local/embedded-postgres';

/** A folder of the demo's own: it begins anew each time. */
const OUT = process.argv[2] ?? 'demo-data';

/** `npm start`: the whole story on a laptop, with the same commands that a person would type. */
async function main(): Promise<void> {
  await rm(OUT, { recursive: true, force: true });
  tell('Starting a PostgreSQL server of our own and filling it with a shop.');
  const server = await startEmbeddedPostgres();
  try {
    const url = await server.createDatabase('shop');
    for (const file of ['schema', 'data']) await execute(url, await shopSql(file));
    tell('First run: every table is loaded in full.');
    await bronzeRun(url);
    tell('A day passes in the shop: new customers and orders, deliveries, a sale.');
    await execute(url, await shopSql('day-of-changes'));
    tell('Second run: only what changed.');
    await bronzeRun(url);
    tell('Third run: nothing changed, so nothing is written.');
    await bronzeRun(url);
    tell(
      `Look around: npx bronze status --out ${OUT}, npx bronze preview orders --out ${OUT}, and the files in ${OUT}/`,
    );
  } finally {
    await server.stop();
  }
}

function shopSql(name: string): Promise<string> {
  return readFile(new URL(`shop/${name}.sql`, import.meta.url), 'utf8');
}

function bronzeRun(url: string): Promise<void> {
  tell(`$ npx bronze run --out ${OUT}`);
  const child = spawn('bronze', ['run', '--out', OUT], {
    stdio: 'inherit',
    env: { ...process.env, DATABASE_URL: url },
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`bronze run ended with code ${code}`))));
  });
}

function tell(text: string): void {
  process.stderr.write(`\n> ${text}\n`);
}

await main();
