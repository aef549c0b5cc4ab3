import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { FUNCTION_NAMES, type FunctionName } from './function-names.ts';

export type FunctionCode = Readonly<Record<FunctionName, Code>>;

/** Folders of bundles by configuration: pipelines of one app that share it are bundled once. */
const folders = new Map<string, string>();

/** Bundles all functions with this configuration, which takes a few seconds; npm downloads DuckDB for arm64. */
export function bundledCode(config: string): FunctionCode {
  const folder = folders.get(resolve(config)) ?? bundle(config);
  folders.set(resolve(config), folder);
  const codeOf = (name: FunctionName): Code => Code.fromAsset(join(folder, name));
  return {
    planner: codeOf('planner'),
    freshness: codeOf('freshness'),
    catalog: codeOf('catalog'),
    orchestrator: codeOf('orchestrator'),
    extractor: codeOf('extractor'),
    writer: codeOf('writer'),
  };
}

function bundle(config: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'bronze-bundles-'));
  execFileSync(process.execPath, [join(import.meta.dirname, 'bundle-main.ts'), config, folder, ...FUNCTION_NAMES], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return folder;
}
