import { CHECKPOINTS_KEY } from '@bronze/common/load/object-keys';
import { EXIT, usageError } from '../exit-code.ts';
import { type ConfigOption, configOf } from '../pipeline-state.ts';
import { onTarget } from '../target/open-target.ts';
import type { DeadLetter, Target } from '../target/target.ts';
import type { TargetOptions } from '../target/target-options.ts';
import { commandLine } from '../terminal/command-line.ts';
import { plural } from '../terminal/numbers.ts';
import { flexible, type Format, kept, print, printJson, printTable, right, say } from '../terminal/output.ts';
import { unknownEntity } from '../unknown-entity.ts';

export interface DlqOptions extends ConfigOption, TargetOptions {
  readonly entity?: string;
  readonly all?: boolean;
  /** A message id, or its beginning. */
  readonly id?: string;
  readonly output: Format;
}

/**
 * `bronze dlq list`: the dead letters and why they are dead, the newest failure first. Exit code 4 if there are any.
 *
 * @throws BronzeError ENTITY_UNKNOWN for an entity that has none and that nothing else knows
 */
export async function dlqListCommand(options: DlqOptions): Promise<number> {
  return onTarget(options, async (target) => {
    const letters = await lettersOf(target, options);
    if (options.output === 'json') printJson(letters.map(shown));
    else if (letters.length === 0)
      print(options.entity === undefined ? NONE : `${options.entity} has no dead letters.`);
    else {
      printList(letters);
      const show = commandLine(['dlq', 'show', letters[0]?.message_id ?? ''], target.given);
      say(`The whole message and what to do about it: ${show}`);
    }
    return letters.length === 0 ? EXIT.ok : EXIT.unhealthy;
  });
}

const NONE = 'There are no dead letters.';

/**
 * `bronze dlq show <id|entity>`: everything that is known about one dead letter, or about all of an entity.
 *
 * @throws BronzeError ENTITY_UNKNOWN if nothing has this id or name
 */
export async function dlqShowCommand(of: string, options: DlqOptions): Promise<number> {
  return onTarget(options, async (target) => {
    const all = await target.deadLetters();
    const byId = all.filter(({ message_id }) => isId(of, message_id));
    const letters = byId.length > 0 ? byId : all.filter(({ entity }) => entity === of);
    if (letters.length === 0) await assertKnown(target, options, of, all);
    const details = await Promise.all(letters.map(async (letter) => detailsOf(target, letter)));
    if (options.output === 'json') printJson(details);
    else if (details.length === 0) print(`${of} has no dead letters.`);
    else print(details.map(describe).join('\n\n'));
    return EXIT.ok;
  });
}

/**
 * `bronze dlq replay`: sends dead letters back to their queues.
 * @throws BronzeError CONFIG_INVALID unless exactly one of `entity`, `all` and `id` is given; ENTITY_UNKNOWN
 */
export async function dlqReplayCommand(options: DlqOptions): Promise<number> {
  return onTarget(options, async (target) => {
    const letters = await chosen(target, options, 'replay');
    const replayed = new Set(await target.replayDeadLetters(letters));
    report(
      letters.filter(({ message_id }) => replayed.has(message_id)),
      options,
      'Sent back',
    );
    if (replayed.size > 0 && target.kind === 'folder') {
      const entities = [...new Set(letters.map(({ entity }) => entity))];
      say(`The next run of their entities does their work: ${commandLine(['run', ...entities], target.given)}`);
    }
    return EXIT.ok;
  });
}

/**
 * `bronze dlq drop`: deletes dead letters. No row is lost with them: a checkpoint moves only over what is in bronze.
 * @throws BronzeError as {@link dlqReplayCommand} does
 */
export async function dlqDropCommand(options: DlqOptions): Promise<number> {
  return onTarget(options, async (target) => {
    const letters = await chosen(target, options, 'drop');
    const dropped = new Set(await target.dropDeadLetters(letters));
    const gone = letters.filter(({ message_id }) => dropped.has(message_id));
    report(gone, options, 'Dropped');
    if (gone.length > 0) await sayWhatFollows(target, [...new Set(gone.map(({ entity }) => entity))]);
    return EXIT.ok;
  });
}

async function sayWhatFollows(target: Target, entities: readonly string[]): Promise<void> {
  const checkpoints = await target.readCheckpoints();
  for (const entity of entities) {
    const { pending_load, last_sync_timestamp } = checkpoints.get(entity) ?? {};
    if (pending_load) {
      const abandon = commandLine(['abandon', entity], target.given);
      say(
        `${entity}: load ${pending_load.load_id} is still pending. The next request continues it; ${abandon} gives it up.`,
      );
    } else if (last_sync_timestamp) say(`${entity}: its next load begins at ${last_sync_timestamp}, as before.`);
    else say(`${entity}: nothing in ${CHECKPOINTS_KEY} says that it was ever loaded. Its next load is full.`);
  }
}

/** @throws BronzeError CONFIG_INVALID, ENTITY_UNKNOWN */
async function chosen(target: Target, options: DlqOptions, verb: string): Promise<readonly DeadLetter[]> {
  const { entity, all, id } = options;
  if ([entity !== undefined, all === true, id !== undefined].filter(Boolean).length !== 1) {
    throw usageError(
      `dlq ${verb} needs one of --entity, --all and --id`,
      'Pass --entity <name> for one entity, --id <message id> for one message, --all for all of them.',
    );
  }
  return lettersOf(target, options);
}

async function lettersOf(target: Target, options: DlqOptions): Promise<readonly DeadLetter[]> {
  const all = await target.deadLetters();
  const { entity, id } = options;
  if (id !== undefined) return [theOne(all, id)];
  if (entity === undefined) return all;
  const letters = all.filter((letter) => letter.entity === entity);
  if (letters.length === 0) await assertKnown(target, options, entity, all);
  return letters;
}

function theOne(all: readonly DeadLetter[], id: string): DeadLetter {
  const found = all.filter(({ message_id }) => isId(id, message_id));
  const [first] = found;
  if (first && found.length === 1) return first;
  const what = found.length === 0 ? 'no dead letter has' : `${plural(found.length, 'dead letter')} have`;
  throw usageError(`${what} an id that begins with ${id.slice(0, 80)}`, 'bronze dlq list -o json shows the ids.');
}

const ID_CHARACTERS_MIN = 6;

function isId(given: string, message_id: string): boolean {
  return given === message_id || (given.length >= ID_CHARACTERS_MIN && message_id.startsWith(given));
}

/** @throws BronzeError ENTITY_UNKNOWN for a name that neither the configuration nor a checkpoint or dead letter has */
async function assertKnown(
  target: Target,
  options: ConfigOption,
  name: string,
  letters: readonly DeadLetter[],
): Promise<void> {
  const checkpoints = await target.readCheckpoints();
  const entities = [...new Set([...checkpoints.keys(), ...letters.map(({ entity }) => entity)])];
  const file = await configOf(options, target, { objects: target.objects, checkpoints, entities });
  const known = [...new Set([...entities, ...Object.keys(file?.config.entities ?? {})])];
  if (!known.includes(name)) throw unknownEntity(name, target.name, known);
}

function report(letters: readonly DeadLetter[], { output }: DlqOptions, verb: string): void {
  if (output === 'json') printJson(letters.map(shown));
  else if (letters.length === 0) print(NONE);
  else {
    printList(letters);
    say(`${verb}: ${plural(letters.length, 'dead letter')}.`);
  }
}

/** Enough of an id to name the message. */
const ID_SHOWN = 8;

function printList(letters: readonly DeadLetter[]): void {
  printTable(
    [kept('entity'), 'queue', kept('code'), flexible('reason', 20), 'sent at', 'receives', kept('id')],
    letters.map((letter) => [
      letter.entity,
      letter.queue,
      letter.failure?.code ?? 'not known',
      shortened(letter.failure?.message ?? ''),
      isoOf(letter.sent_at_ms)?.slice(0, 19) ?? '',
      right(String(letter.receive_count)),
      letter.message_id.slice(0, ID_SHOWN),
    ]),
  );
}

const REASON_CHARACTERS = 120;

function shortened(text: string): string {
  return text.length > REASON_CHARACTERS ? `${text.slice(0, REASON_CHARACTERS)}…` : text;
}

/** As JSON. The body may be long: `dlq show` has it. */
function shown({ message_id, queue, entity, receive_count, ...letter }: DeadLetter) {
  const { code = null, kind = null, message: reason = null, hint = null } = letter.failure ?? {};
  const times = { failed_at: isoOf(letter.failed_at_ms) ?? null, sent_at: isoOf(letter.sent_at_ms) ?? null };
  const failure_record = letter.record_key ?? null;
  return { message_id, queue, entity, receive_count, code, kind, reason, hint, ...times, failure_record };
}

async function detailsOf(target: Target, letter: DeadLetter) {
  const record = await target.failureRecordOf(letter);
  const failure_record = record?.key ?? letter.record_key ?? null;
  return { ...shown(letter), failure_record, stack: record?.stack ?? null, message: letter.body };
}

function describe(details: Awaited<ReturnType<typeof detailsOf>>): string {
  const { entity, queue, message_id, code, kind, reason, hint, sent_at, failed_at, failure_record } = details;
  const why =
    code === null
      ? ['why: not known, there is no failure record']
      : [`${code} (${kind}): ${reason}`, `what to do: ${hint}`];
  return [
    `${entity}, queue ${queue}, message ${message_id}`,
    ...why,
    ...(sent_at === null ? [] : [`sent at: ${sent_at}`]),
    ...(failed_at === null || code === null ? [] : [`failed at: ${failed_at}`]),
    `receives: ${details.receive_count}`,
    ...(failure_record === null ? [] : [`failure record: ${failure_record}`]),
    `message: ${details.message}`,
    ...(details.stack === null ? [] : [details.stack]),
  ].join('\n  ');
}

function isoOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
