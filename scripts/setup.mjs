/**
 * Installs what Bronze needs into node_modules, unless the lockfile is the one that was installed last.
 *
 * Runs on the Node that the machine has (20 or newer), before there are any packages: plain JavaScript, builtins only.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PNPM = 'pnpm@12.21.0';
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const INSTALLED = join(ROOT, 'node_modules/.bronze-installed');

/** Whatever changes what an install makes: versions, packages of the workspace, the machine's kind. */
function fingerprint() {
  const hash = createHash('sha256');
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json'])
    hash.update(readFileSync(join(ROOT, file)));
  return hash.update(`${PNPM} ${process.platform} ${process.arch}`).digest('hex');
}

const wanted = fingerprint();
if (!existsSync(INSTALLED) || readFileSync(INSTALLED, 'utf8') !== wanted) {
  console.log('> installing what Bronze needs (Node 24, PostgreSQL, DuckDB) into node_modules');
  const options = { cwd: ROOT, stdio: 'inherit', shell: process.platform === 'win32' };
  execFileSync('npx', ['--yes', PNPM, 'install', '--frozen-lockfile', '--reporter=append-only'], options);
  execFileSync(join(ROOT, 'node_modules/.bin/node'), [join(ROOT, 'scripts/assert-node.ts')], options);
  writeFileSync(INSTALLED, wanted);
}
