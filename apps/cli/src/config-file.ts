import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Config, decodeConfig } from '@bronze/common/config';
import { BronzeError } from '@bronze/common/words/failure';
import { usageError } from './exit-code.ts';

/** Loads `bronze.config.ts`, whose default export is what `defineConfig` gave. @throws BronzeError */
export async function loadConfig(file: string): Promise<Config> {
  const path = resolve(file);
  await access(path).catch(() => {
    throw new BronzeError('CONFIG_NOT_FOUND', {
      message: `there is no configuration at ${file}`,
      hint: 'Name it with --config, or run bronze where bronze.config.ts lies. examples/ has some to start from.',
    });
  });
  const module: unknown = await import(pathToFileURL(path).href);
  const exported: unknown = typeof module === 'object' && module !== null ? Reflect.get(module, 'default') : undefined;
  const decoded = decodeConfig(exported);
  if ('config' in decoded) return decoded.config;
  throw new BronzeError('CONFIG_INVALID', {
    message: `${file} does not export a configuration by default`,
    hint: 'Write: export default defineConfig({ sources: { … }, entities: { … } });',
  });
}

/** The configuration with another URL for its PostgreSQL source. @throws BronzeError when it has several */
export function withDatabaseUrl(config: Config, url: string | undefined): Config {
  if (url === undefined) return config;
  const names = Object.entries(config.sources).flatMap(([name, source]) => (source.type === 'postgres' ? [name] : []));
  const [name] = names;
  const source = name === undefined ? undefined : config.sources[name];
  if (name === undefined || source?.type !== 'postgres' || names.length > 1) {
    throw usageError(
      `--database-url needs exactly one PostgreSQL source; the configuration has ${names.length}`,
      'Set the environment variables that the sources name instead.',
    );
  }
  const { secret: _, ...own } = source;
  return { ...config, sources: { ...config.sources, [name]: { ...own, url } } };
}
