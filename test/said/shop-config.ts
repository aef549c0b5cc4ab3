import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PAGE_ROWS } from './shop.ts';

const CONFIG_FOLDER = join(import.meta.dirname, '../../packages/common/src/config');
export const SOURCES = ['api_a', 'api_b'] as const;
/** The variable with a source's URL. */
export const urlOf = (source: string) => source.toUpperCase();

export interface Entity {
  readonly name: string;
  readonly source: (typeof SOURCES)[number];
  /** Without one it is always loaded in full. */
  readonly hasCursor: boolean;
  /** Whether its API is asked for changes, or for everything. */
  readonly isAskedSince: boolean;
  readonly isFreshWithin90m: boolean;
  readonly allowsQuarantine: boolean;
}

/** The configuration file of these entities. */
export function configText(entities: readonly Entity[]): string {
  const module = (name: string) => pathToFileURL(join(CONFIG_FOLDER, name)).href;
  const sources = SOURCES.map(
    (name) =>
      `${name}: { type: 'rest', base_url: env('${urlOf(name)}'), margin_seconds: 0, attempts: 2, requests_per_second: 10000 }`,
  );
  const lists = entities.map((one) => {
    const settings = {
      source: one.source,
      endpoint: `/${one.name}`,
      records_path: 'data',
      primary_key: ['id'],
      paging: { style: 'cursor', cursor_path: 'meta.next_cursor', size: PAGE_ROWS },
      columns: { amount: 'numeric(8,2)' },
      slice_rows: PAGE_ROWS,
      batch_rows: PAGE_ROWS,
      allow_quarantine: one.allowsQuarantine,
      ...(!one.hasCursor && { cursor: null }),
      ...(!one.isAskedSince && { since: null }),
      ...(one.isFreshWithin90m && { fresh_within: '90m' }),
    };
    return `${one.name}: ${JSON.stringify(settings)}`;
  });
  return `import { defineConfig } from '${module('config.ts')}';
import { env } from '${module('reference.ts')}';
export default defineConfig({ sources: { ${sources.join(', ')} }, entities: { ${lists.join(', ')} } });
`;
}
