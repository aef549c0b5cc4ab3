export type TrialName = 'folder store' | 'event loop' | 'temporary folders';

/** A mistake that somebody could make in the shipping code, and that its trial must catch. */
export interface Mistake {
  readonly name: string;
  readonly trial: TrialName;
  /** Path from the root of the repository. The file contains `find` exactly once. */
  readonly file: string;
  readonly find: string;
  readonly put: string;
}

const STORE = 'packages/common/src/adapters/local/folder-object-store.ts';
const QUEUE = 'packages/common/src/adapters/local/local-queue.ts';
const LOCK = 'packages/common/src/adapters/local/run-lock.ts';
const LOOP = 'apps/runner/src/local-event-source.ts';
const FOLDERS = 'services/writer/src/adapters/temporary-folders.ts';
const ENGINE = 'services/writer/src/adapters/duckdb-engine.ts';
const DELIVERY = 'packages/common/src/delivery/deliver-message.ts';

const WRITE_AND_LINK = `      await writeFile(half, body, PRIVATE_FILE);
      await link(half, path);`;
const WRITE_AND_RENAME = `      writeFileSync(half, body, PRIVATE_FILE);
      renameSync(half, path);`;

const IN_THE_STORE = [
  [
    'a put writes under its final name',
    WRITE_AND_LINK,
    `      await writeFile(path, body, { ...PRIVATE_FILE, flag: 'wx' });`,
  ],
  [
    'a put names the object before it is written',
    WRITE_AND_LINK,
    `      await writeFile(half, '', PRIVATE_FILE);
      await link(half, path);
      await writeFile(half, body, PRIVATE_FILE);`,
  ],
  ['a swap writes in place', WRITE_AND_RENAME, `      writeFileSync(path, body, PRIVATE_FILE);`],
  [
    'a swap names the object before it is written',
    WRITE_AND_RENAME,
    `      writeFileSync(half, '', PRIVATE_FILE);
      renameSync(half, path);
      writeFileSync(path, body, PRIVATE_FILE);`,
  ],
  [
    'a swap removes the old object first',
    `      renameSync(half, path);`,
    `      rmSync(path, { force: true });\n      renameSync(half, path);`,
  ],
  [
    'half-written files lie among the objects',
    `join(this.#scratch, \`\${OF_THIS_PROCESS}`,
    `join(this.root, \`\${OF_THIS_PROCESS}`,
  ],
  ['a process removes the half-written files of others', `(await isLeftBehind(name, path)) ||`, `name ||`],
] as const;

const IN_THE_LOOP = [
  [
    'a message is deleted before it is handled',
    LOOP,
    `    const outcome = await handle(message, { waits }).then(`,
    `    queue.delete(message.message_id);\n    const outcome = await handle(message, { waits }).then(`,
  ],
  [
    'the first failure is the last',
    DELIVERY,
    `isRetryable(failure) ? ports.retryInMs(message, failure) : undefined`,
    `undefined`,
  ],
  [
    'a run that is over seems to live',
    LOCK,
    `    rmSync(path, { force: true });\n    return true;`,
    `    return false;`,
  ],
  ['a run receives messages of another one', QUEUE, `(? IS NULL OR owner = ?) ORDER BY`, `(1 OR ? OR ?) ORDER BY`],
  [
    'a run takes over messages of one that lives',
    QUEUE,
    `owner === null || isOver(String(owner))`,
    `owner === null || true`,
  ],
  [
    'a message is taken out of its queue before it is a dead letter',
    QUEUE,
    `    this.#database.run(sql, \`\${this.name}-dlq\``,
    `    this.#database.run('UPDATE messages SET queue = 0 WHERE message_id = ?', message_id);\n    this.#database.run(sql, \`\${this.name}-dlq\``,
  ],
  [
    'a dead letter is recorded after it was sent',
    DELIVERY,
    `    const record_key = await record(ports, message, thrown);\n    await ports.sendToDeadLetterQueue(message, toFailure(thrown), record_key);`,
    `    await ports.sendToDeadLetterQueue(message, toFailure(thrown), '');\n    await record(ports, message, thrown);`,
  ],
] as const;

const IN_THE_FOLDERS = [
  ['a folder does not say whose it is', FOLDERS, '`${OURS}${OF_THIS_PROCESS}`', '`${OURS}`'],
  [
    'folders of living processes are removed',
    FOLDERS,
    `name.startsWith(OURS) && (await isLeftBehind(name.slice(OURS.length), folder))`,
    `name.startsWith(OURS) || (await isLeftBehind(name, folder))`,
  ],
  [
    'nobody sweeps',
    ENGINE,
    'await (this.#swept ??= sweepTemporaryFolders());',
    'await (this.#swept ??= Promise.resolve());',
  ],
] as const;

export const MISTAKES: readonly Mistake[] = [
  ...IN_THE_STORE.map(([name, find, put]) => ({ name, trial: 'folder store', file: STORE, find, put }) as const),
  ...IN_THE_LOOP.map(([name, file, find, put]) => ({ name, trial: 'event loop', file, find, put }) as const),
  ...IN_THE_FOLDERS.map(([name, file, find, put]) => ({ name, trial: 'temporary folders', file, find, put }) as const),
];

/** What a thread is asked for: one trial, of the code as it is or with a mistake. */
export interface Asked {
  readonly trial: TrialName;
  readonly mistake?: Mistake;
}
