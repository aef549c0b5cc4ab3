import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Config, decodeConfig } from '@bronze/common/config';
import { BronzeError, machineError } from '@bronze/common/words/failure';
import { usageError } from './exit-code.ts';

/**
 * Loads a configuration file, whose default export is what `defineConfig` returned.
 * @throws BronzeError CONFIG_NOT_FOUND, or CONFIG_INVALID if it can't be loaded or exports something else
 */
export async function loadConfig(file: string): Promise<Config> {
  const path = resolve(file);
  await access(path).catch(() => {
    throw new BronzeError('CONFIG_NOT_FOUND', {
      message: `the configuration file ${file} does not exist`,
      hint: 'Pass --config, or run bronze in the folder of the file. See examples/ for a starting point.',
    });
  });
  const module: unknown = await import(pathToFileURL(path).href).catch((thrown: unknown) => {
    throw loadingError(file, thrown);
  });
  const exported: unknown = typeof module === 'object' && module !== null ? Reflect.get(module, 'default') : undefined;
  const decoded = decodeConfig(exported);
  if ('config' in decoded) return { ...decoded.config, file };
  throw new BronzeError('CONFIG_INVALID', {
    message: `the default export of ${file} is not a configuration`,
    hint: 'Write: export default defineConfig({ sources: { … }, entities: { … } });',
  });
}

/** Why the file could not be imported: a mistake in it, unless the machine refused. What it throws itself is a mistake. */
function loadingError(file: string, thrown: unknown): BronzeError {
  if (thrown instanceof BronzeError) {
    const { code, message, hint } = thrown;
    return new BronzeError(code, { message: `${file}: ${message}`, hint }, thrown);
  }
  const machine = machineError(thrown, resolve(file));
  if (machine) return machine;
  const { message = String(thrown), stack = '' } = thrown instanceof Error ? thrown : {};
  const line = positionIn(stack, resolve(file));
  return new BronzeError('CONFIG_INVALID', {
    message: `the configuration file ${file} can’t be loaded${line && `; line ${line}`}: ${message.split('\n', 1)[0]}`,
    hint: hintFor(Reflect.get(Object(thrown), 'code'), message),
  });
}

/** The first line number that the stack gives for the file; empty if it gives none. */
function positionIn(stack: string, path: string): string {
  const [, after = ''] = stack.split(`${path}:`, 2);
  return /^\d+/.exec(after)?.[0] ?? '';
}

function hintFor(code: unknown, message: string): string {
  if (code !== 'ERR_MODULE_NOT_FOUND') {
    return 'Correct the file. node --check <file> shows a mistake in its syntax in place.';
  }
  // They are not on npm: installing one from there would run a stranger's code.
  return /'@bronze\//.test(message)
    ? 'Move the file into the clone of Bronze: only there are its packages found. Do not install them from npm.'
    : 'Correct the import, or install the package where the file can find it: npm install <package>.';
}

/**
 * The configuration with `url` in place of its PostgreSQL source's own URL or secret; unchanged if `url` is undefined.
 * @throws BronzeError CONFIG_INVALID unless it has exactly one PostgreSQL source
 */
export function withDatabaseUrl(config: Config, url: string | undefined): Config {
  if (url === undefined) return config;
  const names = Object.entries(config.sources).flatMap(([name, source]) => (source.type === 'postgres' ? [name] : []));
  const [name] = names;
  const source = name === undefined ? undefined : config.sources[name];
  if (name === undefined || source?.type !== 'postgres' || names.length > 1) {
    throw usageError(
      `--database-url needs exactly one PostgreSQL source; the configuration has ${names.length}`,
      'Leave it out, and set the environment variables that the sources name.',
    );
  }
  const { secret: _, ...own } = source;
  return { ...config, sources: { ...config.sources, [name]: { ...own, url } } };
}
