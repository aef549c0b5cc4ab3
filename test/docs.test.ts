import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FAILURE_KINDS } from '@bronze/common/words/failure';
import { ENTITY_SCHEMAS, SOURCE_SCHEMAS } from '@bronze/common/config/schemas';
import { describe, expect, test } from 'vitest';
import { costTables } from '../docs/aws/cost.ts';
import { generate } from '../docs/generate.ts';
import { bronze } from './command.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const scripts = (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts;

const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'examples/sakila/README.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];

const commands = PAGES.flatMap((page) =>
  [...read(page).matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block = '']) =>
    block
      .split('\n')
      .filter((line) => line.trim() !== '' && !line.startsWith('#'))
      .map((line): [string, string[]] => [
        page,
        line
          .trim()
          .replace(/^(?:[A-Z_]+=\S+ )+/, '')
          .split(' '),
      ]),
  ),
);

const STACK_NAMES = [
  ...['Ingestion', 'Extractor', 'Writer', 'Freshness', 'Catalog'].map((name) => `EcomIngestionStack-${name}Function`),
  ...['extract', 'extract-dlq', 'write', 'write-dlq'].map((name) => `EcomIngestionStack-${name}`),
];
/** Commands that have subcommands. */
const GROUPS: ReadonlySet<string> = new Set(['dlq', 'checkpoint', 'quarantine']);

/** What a command's `--help` prints: asked once, however many pages name it. */
const helps = new Map<string, ReturnType<typeof bronze>>();
function helpOf(...command: string[]): ReturnType<typeof bronze> {
  const help = helps.get(command.join(' ')) ?? bronze([...command, '--help']);
  helps.set(command.join(' '), help);
  return help;
}

const commandsOf = (name: string) => commands.filter(([, [command]]) => command === name);

describe('commands in the documentation', () => {
  test('every command in the documentation is of a kind that is checked here', () => {
    expect(commands.length).toBeGreaterThan(10);
    const kinds = new Set(commands.map(([, [command]]) => command));
    expect([...kinds].toSorted()).toEqual(['aws', 'export', 'node', 'npm', 'npx']);
  });

  test.each(commandsOf('npm'))('%s: %j runs a script of package.json', (_, [, verb, script]) => {
    expect(Object.keys(scripts)).toContain(verb === 'run' ? script : verb);
  });

  test.each(commandsOf('aws'))('%s: %j names queues and functions that the stack has', (_, words) => {
    expect(['lambda', 'logs', 's3', 'sqs']).toContain(words[1]);
    const named = words.join(' ').match(/EcomIngestionStack-[A-Za-z-]+/g) ?? [];
    for (const name of named) expect(STACK_NAMES).toContain(name);
  });

  test.each(commandsOf('npx'))(
    '%s: %j is a bronze command, and has these options',
    async (_, [, no, dashes, name, command, ...words]) => {
      expect([no, dashes]).toEqual(['--no', '--']);
      // The CDK’s own command line is not part of this repository.
      if (name === 'cdk') return;
      expect(name).toBe('bronze');
      const group = GROUPS.has(command ?? '') ? [words[0] ?? ''] : [];
      const { stdout, code } = await helpOf(command ?? '', ...group);
      expect(code).toBe(0);
      // A command that does not exist has the help of the group.
      expect(stdout).toContain(`Usage: bronze ${[command, ...group].join(' ')} `);
      for (const option of words.filter((word) => /^--?[a-z]/.test(word))) expect(stdout).toContain(option);
    },
  );

  test.each(commandsOf('node'))('%s: %j runs a file of the repository', (_, [, file]) => {
    expect(read(file ?? '')).not.toBe('');
  });
});

test('every command that a page names in code is a command of bronze', async () => {
  const { stdout } = await helpOf();
  const known = [...stdout.matchAll(/^ {2}([a-z]+) .*/gm)].map(([, name]) => name);
  expect(known).toContain('checkpoint');
  const said = PAGES.flatMap((page) =>
    [...read(page).matchAll(/(?:`|npx --no -- )bronze ([a-z-]+)/g)].map(([, name]) => ({ page, name })),
  );
  expect(said.length).toBeGreaterThan(100);
  expect(said.filter(({ name }) => !known.includes(name))).toEqual([]);
});

/** Where people read commands. */
const SAYING = [...PAGES, 'CHANGELOG.md', 'test/cases/README.md', 'demo/src/main.ts', 'examples/sakila/load.ts'];

test('no page and no message has a command that fetches a package of the same name from elsewhere', () => {
  const fetching = /\b(?:npx|npm exec) (?!--no\b|canceled\b)[\w@-][^`\n]*/g;
  const commands = SAYING.flatMap((page) => (read(page).match(fetching) ?? []).map((command) => `${page}: ${command}`));
  expect(commands).toEqual([]);
});

test('every relative link in the pages leads to a file', () => {
  for (const page of PAGES) {
    for (const [, target = ''] of read(page).matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)) {
      expect(() => read(join(page, '..', target)), `${page}: ${target}`).not.toThrow();
    }
  }
});

test('every source file that the pages name exists', () => {
  for (const page of PAGES) {
    for (const [, file = ''] of read(page).matchAll(
      /`((?:packages|services|apps|test|docs|bench|demo|examples|scripts)\/[\w./-]+\.(?:ts|md|sql))`/g,
    )) {
      expect(() => read(file), `${page}: ${file}`).not.toThrow();
    }
  }
});

test('each query in the pages survives a legal change of a type, and a column that is called like a folder', () => {
  const queries = PAGES.flatMap((page) =>
    [...read(page).matchAll(/read_parquet\([^;`]*?\)(?=[\s;`])/gs)].map(([query]) => ({ page, query })),
  );
  expect(queries.length).toBeGreaterThan(2);
  for (const { page, query } of queries) {
    expect({
      page,
      query,
      isSafe: /union_by_name = true/.test(query) && /hive_partitioning = false/.test(query),
    }).toEqual({
      page,
      query,
      isSafe: true,
    });
  }
});

test('docs/runbook.md has a line for each failure code and its kind, and no other lines', () => {
  const documented = [...read('docs/runbook.md').matchAll(/^\| `([A-Z_]+)` \| (\w+) \|/gm)].map(([, code, kind]) => [
    code,
    kind,
  ]);
  expect(documented.toSorted()).toEqual([...Object.entries(FAILURE_KINDS), ['UNEXPECTED', 'bug']].toSorted());
});

test('docs/configuration.md matches the schemas', () => {
  const page = read('docs/configuration.md');
  expect(generate(page), 'npm run docs updates the page').toBe(page);
  const documented = new Set([...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, key]) => key));
  for (const keys of [SOURCE_SCHEMAS, ENTITY_SCHEMAS].flatMap((schemas) => Object.values(schemas))) {
    for (const key of Object.keys(keys.shape)) expect([...documented]).toContain(key);
  }
});

test('docs/aws/cost.md has the tables that docs/aws/cost.ts computes', () => {
  expect(read('docs/aws/cost.md')).toContain(`<!-- computed -->\n\n${costTables()}\n\n<!-- /computed -->`);
});

test('each key in the tables of docs/configuration.md has a meaning', () => {
  const lines = [...read('docs/configuration.md').matchAll(/^\| `\w+` \|.*$/gm)].map(([line]) => line);
  expect(lines.length).toBeGreaterThan(60);
  expect(lines.filter((line) => /\|\s*\|$/.test(line))).toEqual([]);
});

test('the lockfile holds no URL of a registry', () => {
  expect(read('pnpm-lock.yaml')).not.toMatch(/https?:\/\//);
});
