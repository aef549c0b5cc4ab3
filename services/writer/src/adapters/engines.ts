import { BronzeError } from '@bronze/common/words/failure';
import type { ParquetEngine } from '../parquet/parquet-engine.ts';
import { DuckDbEngine } from './duckdb-engine.ts';
import { ParquetjsEngine } from './parquetjs-engine.ts';

export const ENGINE_NAMES = ['duckdb', 'parquetjs-lite'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/** @param name value of `PARQUET_ENGINE`; unset or empty means duckdb. @throws BronzeError CONFIG_INVALID */
export function engineName(name: string | undefined): EngineName {
  const known = ENGINE_NAMES.find((one) => one === (name || 'duckdb'));
  if (known) return known;
  throw new BronzeError('CONFIG_INVALID', {
    message: `PARQUET_ENGINE is ${JSON.stringify(name?.slice(0, 40))}, which is not an engine`,
    hint: `Set it to ${ENGINE_NAMES.join(' or ')}, or leave it unset for duckdb.`,
  });
}

export function createEngine(name: EngineName): ParquetEngine {
  switch (name) {
    case 'duckdb':
      return new DuckDbEngine();
    case 'parquetjs-lite':
      return new ParquetjsEngine();
    default:
      return name satisfies never;
  }
}
