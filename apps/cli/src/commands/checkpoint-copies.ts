/** Checkpoints from what is stored elsewhere: from load records, and to and from a file. */
import { readFile, writeFile } from 'node:fs/promises';
import { setUnreadableAside } from '@bronze/common/load/checkpoint-file';
import {
  importCheckpoint,
  type Imported,
  type Passed,
  restoreCheckpoint,
  type Restored,
} from '@bronze/common/load/edit-checkpoint';
import { CHECKPOINTS_KEY } from '@bronze/common/load/object-keys';
import { entitiesWithRecords } from '@bronze/common/load/restore-checkpoint';
import { BronzeError, type Failure, machineError, toFailure } from '@bronze/common/words/failure';
import type { Timestamp } from '@bronze/common/words/timestamp';
import { EXIT, usageError } from '../exit-code.ts';
import { assertKnownEntities } from '../known-entities.ts';
import { tableInEnvironment } from '../target/table-in-environment.ts';
import { onTarget } from '../target/open-target.ts';
import type { Target } from '../target/target.ts';
import { commandLine } from '../terminal/command-line.ts';
import { printJson, say } from '../terminal/output.ts';
import { type CheckpointOptions, editPorts, restoring, showCheckpoints, whatIsLeftOut } from './checkpoint-command.ts';

export interface CheckpointCopyOptions extends CheckpointOptions {
  readonly force?: boolean;
}

/**
 * `bronze checkpoint restore [entity…]`: rebuilds entries that are gone or can't be read from the load records; default: all
 * such entries. Exit code 4 if one of the entities could not be restored.
 *
 * @throws BronzeError ENTITY_UNKNOWN
 */
export async function checkpointRestoreCommand(
  names: readonly string[],
  options: CheckpointCopyOptions,
): Promise<number> {
  if (options.force && names.length === 0) {
    throw usageError('--force needs the names of entities', 'Name those whose readable checkpoint is to be replaced.');
  }
  return onTarget(options, async (target) => {
    const ports = await editPorts(target);
    await readableFile(target);
    if (!tableInEnvironment() && !(await target.objects.get(CHECKPOINTS_KEY))) sayWhereElse(target);
    if (names.length > 0) await assertKnownEntities(target, options, names);
    const before = await target.readCheckpoints();
    const records = await entitiesWithRecords(target.objects);
    const unreadable = [...before].filter(([, one]) => one === undefined).map(([name]) => name);
    const missing = records.filter((name) => !before.has(name));
    const entities = names.length > 0 ? [...new Set(names)] : [...missing, ...unreadable].toSorted();
    const results: Result[] = [];
    for (const entity of entities) {
      const restored = await trying(() => restoreCheckpoint(ports, entity, options.force ?? false));
      results.push({ entity, ...restored });
    }
    showRestored(target, results, options);
    const isDone = results.every(({ outcome }) => outcome === 'restored' || outcome === 'kept');
    return isDone ? EXIT.ok : EXIT.unhealthy;
  });
}

interface Failed {
  readonly outcome: 'failed';
  readonly failure: Failure;
}
type Result = (Restored | Failed) & { readonly entity: string };

/** What is wrong with one entity stops no other. */
async function trying<Outcome>(work: () => Promise<Outcome>): Promise<Outcome | Failed> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof BronzeError)) throw thrown;
    return { outcome: 'failed', failure: toFailure(thrown) };
  }
}

function describeFailed({ failure: { code, message, hint } }: Failed): string {
  return `${code}: ${message}\n  What to do: ${hint}`;
}

function showRestored(target: Target, results: readonly Result[], { output }: CheckpointOptions): void {
  const entries = results.flatMap((one) => ('checkpoint' in one ? [[one.entity, one.checkpoint] as const] : []));
  if (output === 'json' || entries.length > 0) showCheckpoints(entries, output);
  if (results.length === 0)
    say('Nothing to restore: every entity that has load records has a checkpoint that can be read.');
  for (const result of results) {
    const { entity, outcome } = result;
    if (result.outcome === 'failed') say(`${entity}: ${describeFailed(result)}`);
    if (outcome === 'restored') say(`${entity}: restored from its load records.`);
    if (outcome === 'kept') say(`${entity}: its checkpoint can be read, and stays. --force rebuilds it all the same.`);
    if (outcome === 'unknown') {
      const reset = commandLine(['checkpoint', 'reset', entity], target.given);
      say(`${entity}: it has no load record, so nothing says how far it was. To load it in full: ${reset}`);
    }
  }
  if (results.some(({ outcome }) => outcome === 'restored'))
    say('What checkpoint set or reset changed after an entity’s last load is not in its load records: give it again.');
}

/** A file of checkpoints that can't be read at all is put aside, so that its entries can be restored. */
async function readableFile(target: Target): Promise<void> {
  try {
    await target.readCheckpoints();
  } catch (thrown) {
    if (!(thrown instanceof BronzeError) || thrown.code !== 'CHECKPOINTS_UNREADABLE') throw thrown;
    const { objects, clock } = { ...(await target.open()), clock: (await editPorts(target)).clock };
    const aside = await setUnreadableAside(objects, clock.now());
    if (aside === undefined) throw thrown;
    const { key, table } = aside;
    say(`The checkpoints can’t be read: kept as ${target.placeOf(key)}`);
    if (table !== undefined) say(`${CHECKPOINTS_KEY} names the DynamoDB table ${table} again, where they are.`);
    else sayWhereElse(target);
  }
}

/** What is restored into the file would be beside what the table has. */
function sayWhereElse(target: Target): void {
  if (target.kind !== 'aws') return;
  const file = target.placeOf(CHECKPOINTS_KEY);
  say(
    `Were the checkpoints in a DynamoDB table? Then put its name back into ${file} before anything else is restored or loaded: docs/runbook.md says how.`,
  );
}

/**
 * `bronze checkpoint export [file]`: all checkpoints as a `checkpoints.json`, on stdout or into a new file. Exit code 4 if one
 * can't be read or is lost: it is left out and named.
 */
export async function checkpointExportCommand(file: string | undefined, options: CheckpointOptions): Promise<number> {
  return onTarget(options, async (target) => {
    const all = await target.readCheckpoints();
    const readable = [...all].filter(([, one]) => one !== undefined);
    const unreadable = [...all].filter(([, one]) => one === undefined).map(([name]) => name);
    if (file === undefined) printJson(Object.fromEntries(readable));
    else await writeNew(file, `${JSON.stringify(Object.fromEntries(readable), null, 2)}\n`);
    if (file !== undefined) say(`${readable.length} checkpoints are in ${file}`);
    if (unreadable.length > 0)
      say(`Left out, because they can’t be read: ${unreadable.join(', ')}. ${restoring(target, unreadable)}`);
    const lost = (await entitiesWithRecords(target.objects)).filter((name) => !all.has(name));
    if (lost.length > 0)
      say(`Left out, because they have load records and no checkpoint: ${lost.join(', ')}. ${restoring(target, lost)}`);
    return unreadable.length + lost.length > 0 ? EXIT.unhealthy : EXIT.ok;
  });
}

async function writeNew(file: string, text: string): Promise<void> {
  await writeFile(file, text, { flag: 'wx' }).catch((thrown: unknown) => {
    if (Reflect.get(Object(thrown), 'code') === 'EEXIST')
      throw usageError(`${file} exists already`, 'Name another file, or remove that one.');
    throw machineError(thrown, file) ?? thrown;
  });
}

/**
 * `bronze checkpoint import <file>`: writes the entries of an exported file, each by one compare-and-swap. Exit code 4 if one
 * was left as it is.
 *
 * @throws BronzeError CONFIG_INVALID if the file is not a JSON object
 */
export async function checkpointImportCommand(file: string, options: CheckpointCopyOptions): Promise<number> {
  const entries = await entriesIn(file);
  return onTarget(options, async (target) => {
    const ports = await editPorts(target);
    const results = [];
    for (const [entity, entry] of entries) {
      const tried = await trying(() => importCheckpoint(ports, entity, { entry, isForced: options.force ?? false }));
      say(`${entity}: ${describeImported(tried, entity, { target, now: ports.clock.now() })}`);
      results.push({ entity, ...tried });
    }
    if (options.output === 'json') printJson(results);
    const isDone = results.every(({ outcome }) => outcome === 'imported' || outcome === 'same');
    return isDone ? EXIT.ok : EXIT.unhealthy;
  });
}

function describeImported(
  tried: Imported | Failed,
  entity: string,
  { target, now }: { readonly target: Target; readonly now: Timestamp },
): string {
  const leftOut = ({ from, to }: Passed) => whatIsLeftOut(entity, from, to, now);
  switch (tried.outcome) {
    case 'imported':
      return tried.passed ? `imported: ${leftOut(tried.passed)}` : 'imported';
    case 'same':
      return 'is the same already';
    case 'unreadable':
      return 'left as it is: the file’s entry can’t be read';
    case 'ahead':
      return `left as it is: ${leftOut(tried.passed)}. --force imports it all the same`;
    case 'failed':
      return describeFailed(tried);
    default:
      return tried.proven
        ? `left as it is: its load records prove more than the file, up to ${tried.proven}. ${restoring(target, [entity])}`
        : 'left as it is: it is further than the file. --force moves it back, so that rows are loaded again';
  }
}

async function entriesIn(file: string): Promise<[string, unknown][]> {
  const text = await readFile(file, 'utf8').catch((thrown: unknown) => {
    throw machineError(thrown, file) ?? usageError(`${file} can’t be read`, 'Pass a file of bronze checkpoint export.');
  });
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return Object.entries(parsed);
  } catch {
    // Said below.
  }
  throw usageError(`${file} is not a file of checkpoints`, 'Pass a file of bronze checkpoint export.');
}
