/**
 * The walls that docs/architecture.md names. Lint holds them, and a rule that catches nothing shows nothing: each way
 * round a wall is planted here in a file of its own, and lint has to find it. What lint can't express is checked below.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const PURE = 'services/extractor/src/rest';

/** What is planted where. Each has to be caught. */
const ESCAPES: readonly (readonly [file: string, code: string])[] = [
  [PURE, `export { readFile } from 'node:fs/promises';`],
  [PURE, `import { readFileSync } from 'node:fs';\nexport const read = readFileSync;`],
  [PURE, `import { readFileSync } from 'fs';\nexport const read = readFileSync;`],
  [PURE, `import { readFile } from 'fs/promises';\nexport const read = readFile;`],
  [PURE, `import { setTimeout } from 'node:timers/promises';\nexport const sleep = setTimeout;`],
  [PURE, `import { lookup } from 'node:dns/promises';\nexport const look = lookup;`],
  [PURE, `import { pipeline } from 'node:stream/promises';\nexport const pipe = pipeline;`],
  [PURE, `import pg from 'pg';\nexport const client = pg.Client;`],
  [PURE, `import { Client } from 'pg/lib/client';\nexport const client = Client;`],
  [PURE, `import { to } from 'pg-copy-streams';\nexport const copy = to;`],
  [PURE, `import { request } from 'undici';\nexport const ask = request;`],
  [PURE, `import { S3Client } from '@aws-sdk/client-s3';\nexport const client = S3Client;`],
  [PURE, `import { Logger } from '@aws-lambda-powertools/logger';\nexport const log = Logger;`],
  [PURE, `import middy from '@middy/core';\nexport const handle = middy;`],
  [PURE, `import { X } from '@duckdb/node-api/lib/x';\nexport const x = X;`],
  [PURE, `import { PgDatabase } from '../adapters/pg-database.ts';\nexport const database = PgDatabase;`],
  [PURE, `import { writeTask } from '@bronze/writer/write-task';\nexport const write = writeTask;`],
  [PURE, `import { writeTask } from '../../../writer/src/write-task.ts';\nexport const write = writeTask;`],
  [PURE, `import { runLocally } from '@bronze/runner/run-locally';\nexport const run = runLocally;`],
  [PURE, `import { say } from '@bronze/cli/terminal/output';\nexport const tell = say;`],
  [PURE, `import { DemoShop } from '@bronze/demo/source-api/demo-shop';\nexport const shop = DemoShop;`],
  [PURE, `import { AwsEndpoint } from '@bronze/emulators/aws-endpoint/aws-endpoint';\nexport const aws = AwsEndpoint;`],
  [PURE, `import { randomUUID } from 'node:crypto';\nexport const id = randomUUID;`],
  [PURE, `export const now = Date.now();`],
  [PURE, `export const chance = Math.random();`],
  [PURE, `export const signal = AbortSignal.timeout(5);`],
  [PURE, `export const answer = fetch;`],
  [PURE, `export const answer = globalThis.fetch;`],
  [PURE, `export const home = globalThis.process;`],
  [PURE, `export const home = process.env;`],
  [PURE, `export const id = crypto.randomUUID();`],
  [PURE, `export const took = performance.now();`],
  [
    'packages/common/src/load',
    `import { writeTask } from '@bronze/writer/write-task';\nexport const write = writeTask;`,
  ],
  ['packages/common/src/load', `import { say } from '@bronze/cli/terminal/output';\nexport const tell = say;`],
  ['packages/common/src/adapters', `import { planRun } from '@bronze/planner/plan-run';\nexport const plan = planRun;`],
  [
    'services/extractor/src/adapters',
    `import { writeTask } from '@bronze/writer/write-task';\nexport const write = writeTask;`,
  ],
  [
    'services/extractor/src/adapters',
    `import { runLocally } from '@bronze/runner/run-locally';\nexport const run = runLocally;`,
  ],
  [
    'services/writer/src/a-handler.ts',
    `import { extractLoad } from '@bronze/extractor/extract-load';\nexport const load = extractLoad;`,
  ],
  [
    'packages/common/src/load/a-handler.ts',
    `import { readFileSync } from 'node:fs';\nexport const read = readFileSync;`,
  ],
  [
    'apps/runner/src',
    `import { AwsEndpoint } from '@bronze/emulators/aws-endpoint/aws-endpoint';\nexport const aws = AwsEndpoint;`,
  ],
  ['packages/emulators/src', `import { planRun } from '@bronze/planner/plan-run';\nexport const plan = planRun;`],
  [PURE, `async function put(): Promise<void> {}\nexport function forget(): void {\n  put();\n}`],
  [PURE, `async function put(): Promise<boolean> {\n  return true;\n}\nexport const is = () => (put() ? 1 : 2);`],
  [PURE, `export async function wait(): Promise<number> {\n  return await 5;\n}`],
];

/** What is allowed. None of it may be caught. */
const ALLOWED: readonly (readonly [file: string, code: string])[] = [
  [PURE, `import { createHash } from 'node:crypto';\nexport const hash = createHash;`],
  [PURE, `import * as z from 'zod/mini';\nexport const schema = z.string();`],
  ['services/extractor/src/adapters', `import { readFileSync } from 'node:fs';\nexport const read = readFileSync;`],
  ['services/extractor/src/a-handler.ts', `export const home = process.env;`],
];

const place = (file: string, name: string) =>
  file.endsWith('.ts') ? file.replace('a-', `${name}-`) : `${file}/${name}.ts`;

/** The rules that are walls, as oxlint prints them. */
const WALLS =
  /\((?:no-restricted-(?:imports|globals|properties)|no-floating-promises|no-misused-promises|await-thenable)\)/;

interface Diagnostic {
  /** `eslint(no-restricted-imports)` */
  readonly code: string;
  readonly filename: string;
}

describe('lint', () => {
  let caught: ReadonlySet<string>;

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bronze-walls-'));
    for (const file of ['.oxlintrc.json', 'tsconfig.json', 'package.json'])
      cpSync(join(ROOT, file), join(folder, file));
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const planted = [
      ...ESCAPES.map(([file, code], index) => [place(file, `escape${index}`), code] as const),
      ...ALLOWED.map(([file, code], index) => [place(file, `allowed${index}`), code] as const),
    ];
    for (const [file, code] of planted) {
      mkdirSync(join(folder, dirname(file)), { recursive: true });
      writeFileSync(join(folder, file), `${code}\n`);
    }
    const { diagnostics } = JSON.parse(await oxlint(folder)) as { diagnostics: Diagnostic[] };
    caught = new Set(diagnostics.filter(({ code }) => WALLS.test(code)).map(({ filename }) => filename));
  });

  test.each(ESCAPES.map(([file, code], index) => [code, place(file, `escape${index}`)]))(
    'catches %j in %s',
    (_, file) => {
      expect([...caught]).toContain(file);
    },
  );

  test.each(ALLOWED.map(([file, code], index) => [code, place(file, `allowed${index}`)]))(
    'allows %j in %s',
    (_, file) => {
      expect([...caught]).not.toContain(file);
    },
  );
});

async function oxlint(folder: string): Promise<string> {
  const command = join(ROOT, 'node_modules/.bin/oxlint');
  return new Promise((resolve) => {
    execFile(command, ['--type-aware', '--format=json', '.'], { cwd: folder, maxBuffer: 1e8 }, (_, stdout) =>
      resolve(stdout),
    );
  });
}

/** The source files of a folder, without tests, fixtures and declarations. */
function sourcesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/node_modules|\.test\.|\.fixtures\.|\.d\.ts/.test(file))
    .map((file) => join(folder, file));
}

/** Without comments. */
const codeOf = (file: string) => textOf(file).replaceAll(/\/\*.*?\*\/|^\s*\/\/.*$/gms, '');
const textOf = (file: string) => readFileSync(join(ROOT, file), 'utf8');

/** What a file imports, types too. */
function importsOf(file: string): string[] {
  return [...textOf(file).matchAll(/^(?:import|export)\b[^;'"]*?from '([^']+)';/gms)].map(([, spec = '']) => spec);
}

/** Folders of one package, the lowest first: each may import those before it in the list, and its own files. */
const STACKS: Readonly<Record<string, readonly string[]>> = {
  'packages/common/src': ['words', 'config', 'ports', 'secrets', 'load', 'delivery', 'adapters'],
  'services/extractor/src/postgres': ['table', 'window', 'copy'],
  'services/extractor/src/rest': ['records', 'http', 'pages'],
};

describe('folders import only downwards, types too:', () => {
  test.each(Object.entries(STACKS))('%s', (root, stack) => {
    const files = sourcesIn(root).filter((file) => relative(root, file).includes('/'));
    expect(files.length).toBeGreaterThan(10);
    const upwards = files.flatMap((file) => {
      const level = stack.indexOf(folderIn(root, file));
      expect({ file, isKnown: level >= 0 }).toEqual({ file, isKnown: true });
      const targets = importsOf(file).filter((spec) => spec.startsWith('.'));
      return targets
        .map((spec) => folderIn(root, join(dirname(file), spec)))
        .filter((folder) => stack.includes(folder) && stack.indexOf(folder) > level)
        .map((folder) => `${file} imports ${folder}`);
    });
    expect(upwards).toEqual([]);
  });
});

function folderIn(root: string, file: string): string {
  return relative(root, file).split('/')[0] ?? '';
}

const pure = ['packages/common/src', 'services/planner/src', 'services/extractor/src', 'services/writer/src']
  .flatMap(sourcesIn)
  .filter((file) => !/\/adapters\/|\/\w*-?handler\.ts$/.test(file));

test('pure files import these packages and no others', () => {
  const foreign = pure.flatMap(importsOf).filter((spec) => !/^(?:\.|@bronze\/)/.test(spec));
  expect([...new Set(foreign)].toSorted()).toEqual(['hyparquet', 'node:crypto', 'node:util', 'node:zlib', 'zod/mini']);
});

test('pure files ask no clock: lint can’t see `new Date()`', () => {
  expect(pure.length).toBeGreaterThan(80);
  expect(pure.filter((file) => /new Date\(\)|\bDate\(\)/.test(textOf(file)))).toEqual([]);
});

test('object keys are built in object-keys.ts and nowhere else', () => {
  const files = ['packages/common/src', 'packages/constructs/src', 'services', 'apps', 'infra/src'].flatMap(sourcesIn);
  const builders = files.filter((file) => /[`'"/](?:data|logs)\/[a-z]+\//.test(codeOf(file)));
  expect(builders).toEqual(['packages/common/src/load/object-keys.ts']);
});
