import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { BronzeError } from '@bronze/common/words/failure';
import { build, type Plugin } from 'esbuild';
import { type FunctionName, FUNCTIONS } from './function-names.ts';

const ROOT = join(import.meta.dirname, '../../..');
/** AWS Lambda's quota for an unzipped deployment package. */
const UNZIPPED_BYTES_MAX = 250 * 1024 * 1024;
/**
 * Packages that npm installs next to the writer's bundle instead of bundling them: native modules, which must suit the
 * target's CPU, and parquetjs-lite, whose generated code creates globals by accident, which strict mode forbids. The lock
 * file fixes their dependencies too; `bundle.test.ts` holds it against what the writer is tested with.
 */
const WRITER_PACKAGES = join(import.meta.dirname, '../writer-packages');
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

export interface PipelineTarget extends Target {
  /** Path of the configuration that the functions get. */
  readonly config: string;
}

export interface Bundle {
  readonly name: string;
  readonly folder: string;
  /** Size of all files, unzipped. */
  readonly bytes: number;
}

/** Bundles a function of the pipeline. @throws BronzeError CONFIG_INVALID above Lambda's quota */
export async function bundleFunction(name: FunctionName, { cpu, out, config }: PipelineTarget): Promise<Bundle> {
  const packages = name === 'writer' ? WRITER_PACKAGES : undefined;
  return bundleHandler(
    { name, entry: join(ROOT, FUNCTIONS[name]), plugins: [configuredBy(config)], packages },
    { cpu, out },
  );
}

export interface Handler {
  readonly name: string;
  /** File that exports `handler`. */
  readonly entry: string;
  readonly plugins?: Plugin[];
  /** Folder with a package.json and a lock file, to install next to the bundle. */
  readonly packages?: string | undefined;
}

/** Bundles any handler into an empty folder of its own. @throws BronzeError CONFIG_INVALID above Lambda's quota */
export async function bundleHandler({ name, entry, plugins = [], packages }: Handler, target: Target): Promise<Bundle> {
  const folder = join(target.out, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: [entry],
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
    plugins,
    logLevel: 'error',
  });
  if (packages !== undefined) install(packages, folder, target.cpu);
  const bytes = bytesIn(folder);
  if (bytes < UNZIPPED_BYTES_MAX) return { name, folder, bytes };
  throw new BronzeError('CONFIG_INVALID', {
    message: `the bundle of ${name} has ${bytes} bytes unzipped; Lambda accepts fewer than ${UNZIPPED_BYTES_MAX}`,
    hint: 'Import less: esbuild’s --metafile shows what takes the space.',
  });
}

/**
 * Puts this configuration where the handlers import that of the repository's root. Wherever it is, it gets the same
 * `@bronze/common` as the handlers.
 */
function configuredBy(config: string): Plugin {
  return {
    name: 'configuration',
    setup: ({ onResolve, resolve: resolveAgain }) => {
      onResolve({ filter: /^\.\.\/\.\.\/\.\.\/bronze\.config\.ts$/ }, () => ({ path: resolve(config) }));
      onResolve({ filter: /^@bronze\/common\// }, ({ path, importer, kind }) =>
        importer === resolve(config) ? resolveAgain(path, { kind, resolveDir: import.meta.dirname }) : undefined,
      );
    },
  };
}

function install(packages: string, folder: string, cpu: string): void {
  for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(packages, file), join(folder, file));
  const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  execFileSync('npm', ['ci', `--cpu=${cpu}`, '--os=linux', '--libc=glibc', ...options], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

function bytesIn(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0);
}
