import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { FolderObjectReader } from '@bronze/common/adapters/local/folder-object-reader';
import { FolderObjectStore } from '@bronze/common/adapters/local/folder-object-store';
import { SystemClock } from '@bronze/common/adapters/system-clock';
import { CheckpointFile, readCheckpoints } from '@bronze/common/load/checkpoint-file';
import {
  acknowledge,
  entitiesInQuarantine,
  isUnsettled,
  type QuarantinedLoad,
  quarantinedLoads,
  requestFullLoad,
} from '@bronze/common/load/quarantine';
import { QUARANTINE_PREFIX } from '@bronze/common/load/object-keys';
import { quarantinedRows } from '@bronze/common/load/quarantine-lines';
import type { ObjectReader } from '@bronze/common/ports/object-store';
import { EXIT } from '../exit-code.ts';
import { count, plural } from '../terminal/numbers.ts';
import { type Format, print, printJson, printTable, right, say } from '../terminal/output.ts';
import { describeReasons, quarantinePath } from '../terminal/quarantined.ts';
import { assertFolder } from './status-command.ts';

export interface QuarantineOptions {
  readonly out: string;
  /** Also what is acknowledged or resolved. */
  readonly all?: boolean;
  readonly output: Format;
}

/** `bronze quarantine list [entity…]`: the loads whose rows are in quarantine. Exit code 4 if there are unsettled ones. */
export async function quarantineListCommand(names: readonly string[], options: QuarantineOptions): Promise<number> {
  await assertFolder(options.out);
  const objects = new FolderObjectReader(options.out);
  const entities = names.length > 0 ? names : await entitiesInQuarantine(objects);
  const loads = (await Promise.all(entities.map((entity) => loadsOf(objects, entity)))).flat();
  const shown = options.all ? loads : loads.filter(isUnsettled);
  if (options.output === 'json') printJson(shown);
  else if (shown.length === 0)
    print(`No rows are in quarantine${loads.length > 0 ? ' that need anything: see --all' : ''}.`);
  else {
    printTable(
      ['entity', 'rows', 'state', 'loaded at', 'reason'],
      shown.map(({ entity, rows, state, completed_at, objects }) => [
        entity,
        right(count(rows)),
        state,
        completed_at.slice(0, 19),
        describeReasons(objects),
      ]),
    );
    say(`They are in ${join(options.out, QUARANTINE_PREFIX)}`);
  }
  return loads.some(isUnsettled) ? EXIT.unhealthy : EXIT.ok;
}

/** `bronze quarantine show <entity>`: the rows of its unsettled loads with their reasons, the newest load first. */
export async function quarantineShowCommand(
  entity: string,
  options: QuarantineOptions & { readonly limit: number },
): Promise<number> {
  await assertFolder(options.out);
  const objects = new FolderObjectReader(options.out);
  const loads = (await loadsOf(objects, entity)).filter((load) => options.all || isUnsettled(load)).toReversed();
  const rows: { load_id: string; key: string; reason: string; record: Readonly<Record<string, string | null>> }[] = [];
  for (const { load_id, key } of loads.flatMap(({ load_id, objects }) =>
    objects.map(({ key }) => ({ load_id, key })),
  )) {
    const stored = rows.length < options.limit ? await objects.get(key) : undefined;
    const found = stored ? quarantinedRows(stored.body, options.limit - rows.length) : [];
    rows.push(...found.map((row) => ({ load_id, key, ...row })));
  }
  if (options.output === 'json') printJson(rows);
  else {
    for (const { reason, record } of rows) print(`${reason}\n  ${JSON.stringify(record)}`);
    const total = loads.reduce((sum, load) => sum + load.rows, 0);
    const where = loads.flatMap(({ objects }) => objects.map(({ key }) => `\n  ${join(options.out, key)}`)).join('');
    say(`${entity}: ${count(rows.length)} of ${plural(total, 'row')} in quarantine${where}`);
  }
  return EXIT.ok;
}

/**
 * `bronze quarantine release <entity>`: asks for a full load, which reads the rows again with what the configuration says
 * then. The next `bronze run` of the entity makes it.
 */
export async function quarantineReleaseCommand(entity: string, options: QuarantineOptions): Promise<number> {
  return changing(options.out, async (objects) => {
    const loads = (await loadsOf(objects, entity)).filter(({ state }) => state !== 'resolved');
    if (loads.length === 0) return say(`${entity} has no rows in quarantine.`);
    const isNew = await requestFullLoad(new CheckpointFile(objects), entity, randomUUID());
    say(`${entity}: ${isNew ? 'the next run loads it in full' : 'a full load is asked for or pending already'}: bronze run ${entity}
  Rows that fit then are in bronze; others are in quarantine again, and shown. Correct them at the source, or their type in the configuration, before.`);
  });
}

/** `bronze quarantine acknowledge <entity>`: rows in quarantine stay where they are, and `status` no longer shows them. */
export async function quarantineAcknowledgeCommand(entity: string, options: QuarantineOptions): Promise<number> {
  return changing(options.out, async (objects) => {
    const loads = (await loadsOf(objects, entity)).filter(isUnsettled);
    if (loads.length === 0) return say(`${entity} has no rows in quarantine that nobody has acknowledged.`);
    const now = new SystemClock().now();
    for (const load of loads) await acknowledge(objects, load, now);
    const rows = loads.reduce((sum, load) => sum + load.rows, 0);
    say(
      `${entity}: ${plural(rows, 'row')} in quarantine acknowledged. They stay in ${quarantinePath(
        options.out,
        entity,
        loads.flatMap(({ objects }) => objects),
      )}`,
    );
  });
}

async function loadsOf(objects: ObjectReader, entity: string): Promise<QuarantinedLoad[]> {
  return quarantinedLoads(objects, entity, (await readCheckpoints(objects)).get(entity));
}

async function changing(out: string, change: (objects: FolderObjectStore) => Promise<void>): Promise<number> {
  await assertFolder(out);
  const objects = await FolderObjectStore.open(out);
  try {
    await change(objects);
    return EXIT.ok;
  } finally {
    objects.close();
  }
}
