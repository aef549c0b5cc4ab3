import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

/** The cells of each row of docs/asked-for.md, without the heads of its tables. */
const rows = read('docs/asked-for.md')
  .split('\n')
  .filter((line) => line.startsWith('|') && !/^\| asked for \||^\|-/.test(line))
  .map((line) => line.slice(1, -1).split('|'))
  .map((cells) => cells.map((cell) => cell.trim()));

interface Holder {
  readonly file: string;
  readonly names: readonly string[];
}

/** `a.test.ts`: “a name”, “another”; `b.test.ts` */
function holdersIn(cell: string): Holder[] {
  return cell.split('; `').map((text) => ({
    file: /^`?([^`]+)`/.exec(text)?.[1] ?? text,
    names: [...text.matchAll(/“([^”]+)”/g)].map(([, name = '']) => name),
  }));
}

const isIn = (source: string, name: string) => ["'", '"', '`'].some((quote) => source.includes(quote + name + quote));

describe('docs/asked-for.md', () => {
  test('has a row for each thing that was asked for, with four cells', () => {
    expect(rows.length).toBeGreaterThan(40);
    for (const cells of rows) expect({ asked: cells[0], cells: cells.length }).toEqual({ asked: cells[0], cells: 4 });
    expect(new Set(rows.map(([asked]) => asked)).size).toBe(rows.length);
  });

  test.each(rows.map(([asked = '', state = '', , held = '']) => [asked, state, held]))(
    '%s: works, and the tests that hold it exist',
    (_, state, held) => {
      expect(state).toBe('works');
      for (const { file, names } of holdersIn(held)) {
        expect(file).toMatch(/\.test\.ts$/);
        const source = read(file);
        expect(source, file).not.toMatch(/\b(?:test|describe)[.\w]*\.(?:skip|todo|fails)\b/);
        expect(names.filter((name) => !isIn(source, name))).toEqual([]);
      }
    },
  );
});

/** Where each package is imported. */
const PACKAGES = {
  'aws-cdk-lib': 'packages/constructs',
  '@aws-sdk/client-sqs': 'packages/common',
  '@aws-sdk/client-s3': 'packages/common',
  '@aws-sdk/client-secrets-manager': 'packages/common',
  '@middy/core': 'services/planner',
  pg: 'services/extractor',
  'parquetjs-lite': 'services/writer',
} as const;

test('the packages that were asked for by name have an exact version, and are imported where they belong', () => {
  const catalog = read('pnpm-workspace.yaml');
  const exact = (name: string) => new RegExp(`^  '?${name}'?: \\d+\\.\\d+\\.\\d+$`, 'm').test(catalog);
  expect([...Object.keys(PACKAGES), 'vitest'].filter((name) => !exact(name))).toEqual([]);
  for (const [name, folder] of Object.entries(PACKAGES)) {
    const { dependencies } = JSON.parse(read(`${folder}/package.json`)) as { dependencies: Record<string, string> };
    expect(dependencies, folder).toHaveProperty([name], 'catalog:');
    expect({ name, isImported: sourcesIn(folder).some((source) => source.includes(` from '${name}'`)) }).toEqual({
      name,
      isImported: true,
    });
  }
});

function sourcesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.includes('.test.'))
    .map((file) => read(join(folder, 'src', file)));
}

test('the top-level layout is the one that was asked for', () => {
  for (const file of [
    'services/planner/src/handler.ts',
    'services/extractor/src/handler.ts',
    'services/writer/src/handler.ts',
    'packages/common/package.json',
    'infra/package.json',
  ])
    expect({ file, exists: existsSync(join(ROOT, file)) }).toEqual({ file, exists: true });
  expect(readdirSync(join(ROOT, 'services')).toSorted()).toEqual(['extractor', 'planner', 'writer']);
});
