/**
 * `node packages/constructs/src/bundle-main.ts {configuration} {folder} {function …}`: bundles functions for Lambda. A construct
 * can't wait for esbuild's plugins, so `code.ts` runs this as a process.
 */
import { bundleFunction } from './bundle.ts';
import { FUNCTION_NAMES } from './function-names.ts';

const [config = '', out = '', ...asked] = process.argv.slice(2);
for (const name of FUNCTION_NAMES.filter((one) => asked.includes(one))) {
  const { bytes } = await bundleFunction(name, { cpu: 'arm64', config, out });
  process.stderr.write(`${name}: ${(bytes / 1e6).toFixed(1)} MB unzipped\n`);
}
