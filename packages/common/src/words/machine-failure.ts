/** What a thrown value says about the machine: a code of ours, and the path if it names one. */
export interface MachineFailure {
  readonly code: MachineCode;
  readonly path: string | undefined;
}

const MACHINE_CODES = ['DISK_FULL', 'DISK_FAILING', 'FILES_EXHAUSTED', 'FOLDER_UNUSABLE'] as const;

/** Codes of failures of the machine that Bronze runs on: no message succeeds there until they are over. */
export type MachineCode = (typeof MACHINE_CODES)[number];

export function isMachineCode(code: string): code is MachineCode {
  return MACHINE_CODES.some((one) => one === code);
}

const BY_SYSTEM_CODE: Readonly<Record<string, MachineCode>> = {
  ENOSPC: 'DISK_FULL',
  EDQUOT: 'DISK_FULL',
  EIO: 'DISK_FAILING',
  EMFILE: 'FILES_EXHAUSTED',
  ENFILE: 'FILES_EXHAUSTED',
  EROFS: 'FOLDER_UNUSABLE',
  EACCES: 'FOLDER_UNUSABLE',
  EPERM: 'FOLDER_UNUSABLE',
  ENOTDIR: 'FOLDER_UNUSABLE',
};

/** A firewall answers EACCES or EPERM too. That says nothing about a disk. */
const NETWORK_CALLS: ReadonlySet<string> = new Set(['connect', 'bind', 'listen', 'send', 'getaddrinfo']);

/** A file is where a folder should be; on a read-only disk, what Node says of a folder and its parents; no TMPDIR. */
const FOLDER_REFUSALS: ReadonlySet<string> = new Set(['EEXIST mkdir', 'ENOENT mkdir', 'ENOENT mkdtemp']);

/** By the primary result code, the low byte of `errcode`: https://www.sqlite.org/rescode.html. */
const BY_SQLITE_CODE: Readonly<Record<number, MachineCode>> = {
  3: 'FOLDER_UNUSABLE',
  8: 'FOLDER_UNUSABLE',
  10: 'DISK_FAILING',
  13: 'DISK_FULL',
  14: 'FOLDER_UNUSABLE',
};

/** Ends of DuckDB's messages, which are those of strerror(3). The spill limit is 90 % of the room that was left. */
const BY_DUCKDB_TEXT: readonly (readonly [RegExp, MachineCode])[] = [
  [/^IO Error: .*(No space left on device|Disk quota exceeded|not enough disk space)/is, 'DISK_FULL'],
  [/max_temp_directory_size/, 'DISK_FULL'],
  [/^IO Error: .*Too many open files/is, 'FILES_EXHAUSTED'],
  [/^IO Error: .*(Permission denied|Read-only file system|Not a directory)/is, 'FOLDER_UNUSABLE'],
  [/^IO Error: .*(Input\/output error|Could not write)/is, 'DISK_FAILING'],
];

/** Reads errors of Node's file system, of SQLite and of DuckDB; undefined for any other thrown value. */
export function readMachineFailure(thrown: unknown): MachineFailure | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const code = bySystem(thrown) ?? bySqlite(thrown) ?? byDuckDb(thrown.message);
  return code && { code, path: pathOf(thrown) };
}

function bySystem(thrown: Error): MachineCode | undefined {
  const code = String(Reflect.get(thrown, 'code'));
  const call = String(Reflect.get(thrown, 'syscall'));
  if (NETWORK_CALLS.has(call)) return undefined;
  if (FOLDER_REFUSALS.has(`${code} ${call}`)) return 'FOLDER_UNUSABLE';
  return Object.hasOwn(BY_SYSTEM_CODE, code) ? BY_SYSTEM_CODE[code] : undefined;
}

function bySqlite(thrown: Error): MachineCode | undefined {
  if (Reflect.get(thrown, 'code') !== 'ERR_SQLITE_ERROR') return undefined;
  return BY_SQLITE_CODE[Number(Reflect.get(thrown, 'errcode')) & 0xff];
}

function byDuckDb(message: string): MachineCode | undefined {
  return BY_DUCKDB_TEXT.find(([pattern]) => pattern.test(message))?.[1];
}

function pathOf(thrown: Error): string | undefined {
  const path: unknown = Reflect.get(thrown, 'path');
  if (typeof path === 'string') return path;
  return /^IO Error: [^"]*"([^"]+)"/.exec(thrown.message)?.[1];
}

const WHAT: Readonly<Record<MachineCode, (where: string) => string>> = {
  DISK_FULL: (where) => `there is no space left on the disk${where}`,
  DISK_FAILING: (where) => `the disk failed to read or write${where}`,
  FILES_EXHAUSTED: () => 'this process or machine has too many open files',
  FOLDER_UNUSABLE: (where) => `a folder or file can’t be used${where}`,
};

const HINT: Readonly<Record<MachineCode, string>> = {
  DISK_FULL: 'Make room there, or choose another --out or TMPDIR. Then run again: nothing is lost, the run continues.',
  DISK_FAILING: 'Check the disk and the system’s log, then run again: the run continues.',
  FILES_EXHAUSTED: 'Raise the limit (ulimit -n), or close what holds files open; then run again: the run continues.',
  FOLDER_UNUSABLE:
    'It must be a folder that this user may read and write: check --out, TMPDIR, owner and mount options.',
};

/** What to show to a person. @param thrown for the reason, in the words of who refused */
export function describeMachineFailure({ code, path }: MachineFailure, thrown: unknown) {
  const where = path === undefined ? '' : `: ${path}`;
  const text = thrown instanceof Error ? thrown.message : '';
  const reason = text.split('\n', 1)[0]?.slice(0, 300) ?? '';
  return { message: `${WHAT[code](where)} (${reason})`, hint: HINT[code] };
}
