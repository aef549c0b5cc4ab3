import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BronzeError } from '@bronze/common/words/failure';
import { build } from 'esbuild';
import { type FunctionName, FUNCTIONS } from './function-names.ts';

const ROOT = join(import.meta.dirname, '../../..');
/** AWS Lambda's quota for an unzipped deployment package. */
const UNZIPPED_BYTES_MAX = 250 * 1024 * 1024;
/**
 * Packages that npm installs next to the bundle instead of bundling them: native modules, which must suit the target's
 * CPU, and parquetjs-lite, whose generated code creates globals by accident, which strict mode forbids.
 */
const INSTALLED: Readonly<Partial<Record<FunctionName, readonly string[]>>> = {
  writer: ['@duckdb/node-api', 'parquetjs-lite'],
};
/** CommonJS libraries inside an ES module bundle need these globals. */
const BANNER = `import { createRequire as bronzeRequire } from 'node:module';
import { dirname as bronzeDirname } from 'node:path';
import { fileURLToPath as bronzePath } from 'node:url';
const require = bronzeRequire(import.meta.url);
const __filename = bronzePath(import.meta.url);
const __dirname = bronzeDirname(__filename);`;

export interface Target {
  /** `arm64` for Lambda; a test that runs the bundle passes its own machine's, `process.arch`. */
  readonly cpu: string;
  /** The bundle goes into a folder of the function's name in it. */
  readonly out: string;
}

export interface Bundle {
  readonly name: FunctionName;
  readonly folder: string;
  /** Size of all files, unzipped. */
  readonly bytes: number;
}

/** Bundles a function into an empty folder of its own. @throws BronzeError CONFIG_INVALID above Lambda's quota */
export async function bundleFunction(name: FunctionName, { cpu, out }: Target): Promise<Bundle> {
  const folder = join(out, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: [join(ROOT, FUNCTIONS[name])],
    outfile: join(folder, 'index.mjs'),
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minify: true,
    keepNames: true,
    sourcemap: 'linked',
    sourcesContent: false,
    banner: { js: BANNER },
    external: ['@duckdb/node-api', 'parquetjs-lite', 'pg-native'],
    logLevel: 'error',
  });
  const installed = INSTALLED[name];
  if (installed) install(installed, folder, cpu);
  const bytes = bytesIn(folder);
  if (bytes < UNZIPPED_BYTES_MAX) return { name, folder, bytes };
  throw new BronzeError('CONFIG_INVALID', {
    message: `the bundle of ${name} has ${bytes} bytes unzipped; Lambda accepts fewer than ${UNZIPPED_BYTES_MAX}`,
    hint: 'Import less: esbuild’s --metafile shows what takes the space.',
  });
}

/** `parquetjs-lite@0.8.7`: what the writer is tested with is what is deployed. */
function pinned(name: string): string {
  const manifest = readFileSync(join(ROOT, 'services/writer/node_modules', name, 'package.json'), 'utf8');
  return `${name}@${(JSON.parse(manifest) as { version: string }).version}`;
}

function install(packages: readonly string[], folder: string, cpu: string): void {
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}\n');
  const options = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', '--loglevel=error'];
  const target = [`--cpu=${cpu}`, '--os=linux', '--libc=glibc'];
  execFileSync('npm', ['install', ...packages.map(pinned), ...target, ...options], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

function bytesIn(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0);
}
