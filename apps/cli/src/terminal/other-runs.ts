import type { EntityResult } from '@bronze/runner/run-locally';
import type { LeftAlone } from '@bronze/runner/take-over';
import { commandLine } from './command-line.ts';
import { plural } from './numbers.ts';

/** What the command was called with, for the command that a line proposes. */
export interface Called {
  readonly config: string;
  readonly out: string;
  readonly isConfigured: (entity: string) => boolean;
}

/** What ended runs have left of an entity that this run did not ask for, and the command that deals with it. */
export function leftLine({ entity, messages }: LeftAlone, called: Called): string {
  const left = `${entity}: an earlier run left ${plural(messages, 'message')}`;
  const them = messages === 1 ? 'it' : 'them';
  const { config, out } = called;
  return called.isConfigured(entity)
    ? `${left}; ${commandLine(['run', entity], { config, out })} does the work of ${them}`
    : `${left}, and ${config} has no such entity any more; ${commandLine(['abandon', entity], { out })} drops ${them}`;
}

/** Says that a run has continued a load that was pending already. */
export function continuedLine({
  entity,
  backfill,
  continued_from,
}: Pick<EntityResult, 'entity' | 'backfill' | 'continued_from'>): string[] {
  const which = backfill ? 'backfill' : 'full load';
  if (continued_from === undefined) return [];
  return [`${entity}: this is the ${which} that was claimed at ${continued_from} and still pending`];
}

/** Each load that ended in this run without being the one that answered its request. */
export function otherLoadLines({ entity, loads, load }: Pick<EntityResult, 'entity' | 'loads' | 'load'>): string[] {
  return loads
    .filter(({ load_id }) => load_id !== load?.load_id)
    .map(({ load_id, load_type, backfill, rows_in_bronze: rows }) => {
      const kind = backfill ? `backfill from ${backfill.from} to ${backfill.to}, load` : `${load_type} load`;
      const which = `the ${kind} ${load_id} (${plural(rows, 'row')})`;
      return `${entity}: also ended ${which}, which was asked for before: an entity has one load at a time`;
    });
}
