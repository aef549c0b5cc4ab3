/** What is so in a run's folder, read without the code that says it: Parquet by hyparquet, the rest as text. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readPart } from '../bronze-folder.ts';

/** What a decided load has brought. */
export interface Brought {
  readonly load_id: string;
  readonly load_type: string;
  readonly completed_at: string;
  /** `id v` of each row in bronze. */
  readonly bronze: readonly string[];
  /** `id v` of each row in quarantine. */
  readonly quarantine: readonly string[];
  /** Names of the source's fields that have a value in one of these rows. */
  readonly fields: ReadonlySet<string>;
  readonly parts: number;
  readonly bytes: number;
}

export interface Checkpoint {
  readonly last_sync_timestamp?: string;
  readonly pending_load?: { readonly load_type: string; readonly load_id: string };
  readonly next_requests?: readonly unknown[];
}

type Fields = Readonly<Record<string, unknown>>;

export async function checkpointsIn(out: string): Promise<Readonly<Record<string, Checkpoint>>> {
  const text = await readFile(join(out, 'logs/pipeline/ingestion/checkpoints.json'), 'utf8').catch(() => '{}');
  return JSON.parse(text) as Readonly<Record<string, Checkpoint>>;
}

/** Reads the decided loads of entities. What a decided load has brought never changes, so it is read once. */
export class Folder {
  readonly out: string;
  readonly #known = new Map<string, Brought>();

  constructor(out: string) {
    this.out = out;
  }

  /** The decided loads of an entity, in the order in which they completed. */
  async loads(entity: string): Promise<readonly Brought[]> {
    const records = await filesBelow(join(this.out, 'logs/pipeline/ingestion/loads', entity));
    const loads: Brought[] = [];
    for (const record of records) {
      const known = this.#known.get(record) ?? (await this.#read(entity, record));
      this.#known.set(record, known);
      loads.push(known);
    }
    return loads.toSorted((a, b) => (a.completed_at < b.completed_at ? -1 : 1));
  }

  async #read(entity: string, record: string): Promise<Brought> {
    const { load_id, load_type, completed_at } = JSON.parse(await readFile(record, 'utf8')) as Brought;
    const ofLoad = async (kind: string) =>
      (await filesBelow(join(this.out, 'data', kind, entity))).filter((file) => file.includes(load_id));
    const parts = (await ofLoad('bronze')).filter((file) => file.endsWith('.parquet'));
    const rows = (await Promise.all(parts.map(async (part) => readPart(await readFile(part))))).flat();
    const lines = await Promise.all((await ofLoad('quarantine')).map((file) => readFile(file, 'utf8')));
    const held = lines
      .flatMap((text) => text.split('\n').filter((line) => line !== ''))
      .map((line) => (JSON.parse(line) as { record: Fields }).record);
    const sizes = await Promise.all(parts.map(async (part) => (await stat(part)).size));
    return {
      load_id,
      load_type,
      completed_at,
      bronze: rows.map(versionOf),
      quarantine: held.map(versionOf),
      fields: new Set([...rows, ...held].flatMap(fieldsIn)),
      parts: parts.length,
      bytes: sizes.reduce((sum, size) => sum + size, 0),
    };
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

export function versionOf({ id, v }: Fields): string {
  return `${String(id)} ${String(v)}`;
}

function fieldsIn(row: Fields): string[] {
  return Object.entries(row).flatMap(([name, value]) => (value == null || name.startsWith('_') ? [] : [name]));
}
