/** `npm run docs`: writes the tables of docs/configuration.md from the schemas. test/docs.test.ts compares the two. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COLUMN_SCHEMAS, ENTITY_SCHEMAS, SOURCE_SCHEMAS } from '@bronze/common/config/schemas';
import { PAGING_SCHEMAS } from '@bronze/common/config/paging';
import { sinceSchema } from '@bronze/common/config/rest';
import * as z from 'zod/mini';

const MIB = 1024 * 1024;
const PAGE = join(import.meta.dirname, 'configuration.md');

/** The tables' schemas, by the names of the markers around them: `<!-- table: rest source -->`. */
const TABLES: Readonly<Record<string, z.ZodMiniType>> = {
  'postgres source': SOURCE_SCHEMAS.postgres,
  'rest source': SOURCE_SCHEMAS.rest,
  'postgres entity': ENTITY_SCHEMAS.postgres,
  'rest entity': ENTITY_SCHEMAS.rest,
  columns: COLUMN_SCHEMAS.rest,
  since: sinceSchema,
  ...Object.fromEntries(Object.entries(PAGING_SCHEMAS).map(([style, schema]) => [`paging ${style}`, schema])),
};

interface Field {
  readonly description?: string;
  readonly default?: unknown;
}

function tableOf(schema: z.ZodMiniType): string {
  const described = z.toJSONSchema(schema, { io: 'input' });
  const required = new Set(described.required ?? []);
  const rows = Object.entries(described.properties ?? {}).map(([key, property]) => {
    const field: Field = typeof property === 'object' ? property : {};
    const fallback = 'default' in field ? shown(field.default) : required.has(key) ? '' : 'none';
    return `| \`${key}\` | ${fallback} | ${field.description ?? ''} |`;
  });
  return ['| key | default | meaning |', '|---|---|---|', ...rows].join('\n');
}

function shown(value: unknown): string {
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'object') return value === null ? '`null`' : `\`${JSON.stringify(value).replaceAll('"', "'")}\``;
  if (typeof value !== 'number') return `\`${String(value)}\``;
  if (value >= 1024 * MIB && value % (1024 * MIB) === 0) return `${value / (1024 * MIB)} GiB`;
  return value >= MIB && value % MIB === 0 ? `${value / MIB} MiB` : value.toLocaleString('en-US');
}

/** The page with its tables written again. @throws Error if it lacks the markers of a table */
export function generate(page: string): string {
  return Object.entries(TABLES).reduce((text, [name, schema]) => {
    const marks = new RegExp(`(<!-- table: ${name} -->\n).*?(\n<!-- /table -->)`, 's');
    if (!marks.test(text)) throw new Error(`the page has no markers for the table "${name}"`);
    return text.replace(marks, (_, open: string, close: string) => `${open}\n${tableOf(schema)}\n${close}`);
  }, page);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PAGE, generate(readFileSync(PAGE, 'utf8')));
