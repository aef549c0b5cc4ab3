import { createRequire, registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { type Config, decodeConfig } from '@bronze/common/config';
import { BronzeError } from '@bronze/common/words/failure';

const require = createRequire(import.meta.url);

/**
 * Reads a configuration file, whose default export is what `defineConfig` returned. A construct can't wait, so it is
 * loaded synchronously; a file outside this repository finds `@bronze/common` too.
 *
 * @param file absolute, or relative to the working directory
 * @throws BronzeError CONFIG_INVALID if it can't be loaded, or exports something else
 */
export function readConfiguration(file: string): Config {
  const decoded = decodeConfig(exportOf(file));
  if ('config' in decoded) return { ...decoded.config, file };
  throw new BronzeError('CONFIG_INVALID', {
    message: `the default export of ${file} is not a configuration`,
    hint: 'Write: export default defineConfig({ sources: { … }, entities: { … } });',
  });
}

function exportOf(file: string): unknown {
  const hooks = registerHooks({
    resolve: (name, context, next) =>
      next(name, name.startsWith('@bronze/common/') ? { ...context, parentURL: import.meta.url } : context),
  });
  try {
    return Reflect.get(Object(require(resolve(file))), 'default');
  } catch (thrown) {
    const said = thrown instanceof Error ? thrown.message : String(thrown);
    throw new BronzeError('CONFIG_INVALID', {
      message: `the configuration file ${file} can’t be loaded: ${said}`,
      hint: 'Correct the file, or the path that the construct is given.',
    });
  } finally {
    hooks.deregister();
  }
}
