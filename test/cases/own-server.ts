import { execFile } from 'node:child_process';
import { chmod, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@bronze/emulators/embedded-postgres';

/** Compiled in a quarter of the time that UTF-8 takes. It prints 1234.56 as `1.234,56 €`. */
export const GERMAN = 'de_DE.iso885915';

/** Superusers connect as they like, roles of a case only by TLS, as on RDS. This server has none. */
const LOGINS = ['host all bronze 127.0.0.1/32 password', 'hostssl all all 127.0.0.1/32 password', ''].join('\n');

let server: Promise<EmbeddedPostgres> | undefined;
let locales: Promise<string | undefined> | undefined;

/** A server for the cases that need one with a German locale, or one that refuses logins without TLS. */
export function ownServer(): Promise<EmbeddedPostgres> {
  server ??= startServer();
  return server;
}

export async function stopOwnServer(): Promise<void> {
  await (await server)?.stop();
}

/** Whether this machine can make the German locale. */
export async function hasGermanLocale(): Promise<boolean> {
  locales ??= makeLocale();
  return (await locales) !== undefined;
}

async function startServer(): Promise<EmbeddedPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'bronze-logins-'));
  await chmod(folder, 0o755);
  await writeFile(join(folder, 'pg_hba.conf'), LOGINS);
  locales ??= makeLocale();
  // Where the C library looks for locales. The server's process inherits it.
  const path = await locales;
  if (path !== undefined) process.env['LOCPATH'] = path;
  try {
    return await startEmbeddedPostgres({ hba_file: join(folder, 'pg_hba.conf') });
  } finally {
    delete process.env['LOCPATH'];
  }
}

/** @returns the folder of the compiled locale; undefined if this machine has no sources or no compiler for it */
async function makeLocale(): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'bronze-locale-'));
  await chmod(folder, 0o755);
  const compile = promisify(execFile)('localedef', ['-i', 'de_DE', '-f', 'ISO-8859-15', join(folder, GERMAN)]);
  return compile.then(
    () => folder,
    () => undefined,
  );
}
