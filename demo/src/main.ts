import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { execute, startEmbeddedPostgres } from '@bronze/emulators/embedded-postgres';
import { DemoShop } from '../source-api/demo-shop.ts';
import { LoopbackServer } from '../source-api/loopback-server.ts';

/** The demo's own folder, deleted at each start. */
const OUT = process.argv[2] ?? 'demo-data';

/** `npm start`: the whole story on a laptop, with the same commands that you would type. */
async function main(): Promise<void> {
  await rm(OUT, { recursive: true, force: true });
  say('Starting a PostgreSQL server and a payments API, and filling them with a demo shop.');
  const database = await startEmbeddedPostgres();
  const key = randomBytes(24).toString('hex');
  const shop = new DemoShop(async () => key);
  const api = await LoopbackServer.start(shop.api);
  try {
    const url = await database.createDatabase('shop');
    for (const file of ['schema', 'data']) await execute(url, await shopSql(file));
    const environment = {
      DATABASE_URL: url,
      PAYMENTS_API_URL: api.url,
      API_KEY_SECRET_ARN: 'env:SHOP_API_KEY',
      SHOP_API_KEY: JSON.stringify({ api_key: key }),
    };
    say('First run: every table and every list of the API is loaded in full.');
    await bronzeRun(environment);
    say('A day passes in the shop: new customers, orders and payments, deliveries, a sale.');
    await execute(url, await shopSql('day-of-changes'));
    shop.passDay();
    // The API's `Date` has whole seconds: what changed in this second is loaded from the next one on.
    await delay(1000);
    say('Second run: only what changed.');
    await bronzeRun(environment);
    say('Third run: nothing changed, so nothing is written.');
    await bronzeRun(environment);
    say(
      `Look around: npx --no -- bronze status --out ${OUT}, npx --no -- bronze preview orders --out ${OUT}, and the files in ${OUT}/`,
    );
  } finally {
    await api.stop();
    await database.stop();
  }
}

function shopSql(name: string): Promise<string> {
  return readFile(new URL(`shop/${name}.sql`, import.meta.url), 'utf8');
}

function bronzeRun(environment: Record<string, string>): Promise<void> {
  say(`$ npx --no -- bronze run --out ${OUT}`);
  const child = spawn('bronze', ['run', '--out', OUT], {
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`bronze run ended with code ${code}`))));
  });
}

function say(text: string): void {
  process.stderr.write(`\n> ${text}\n`);
}

await main();
