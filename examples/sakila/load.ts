import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

/** Creates the Sakila tables in an empty database and fills them: does what psql does with `data/load.sql`. */
export async function loadSakila(url: string): Promise<void> {
  const folder = new URL('data/', import.meta.url);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(await readFile(new URL('schema.sql', folder), 'utf8'));
    const script = await readFile(new URL('load.sql', folder), 'utf8');
    for (const [, target, file] of script.matchAll(/^\\copy (.+) from '(.+)' csv header$/gm)) {
      const copy = client.query(copyFrom(`COPY ${target} FROM STDIN CSV HEADER`));
      await pipeline(createReadStream(new URL(file ?? '', folder)), copy);
    }
  } finally {
    await client.end();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const url = process.env['DATABASE_URL'];
  if (!url) throw new Error('Set DATABASE_URL to an empty PostgreSQL database.');
  await loadSakila(url);
  process.stderr.write('Sakila is loaded: npx --no -- bronze run --config examples/sakila/bronze.config.ts\n');
}
