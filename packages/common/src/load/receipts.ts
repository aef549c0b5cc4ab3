import * as z from 'zod/mini';
import { BronzeError } from '../words/failure.ts';
import { type LoadKey, receiptsPrefix, taskName, taskNameOfReceipt } from './object-keys.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { SliceManifest } from './slice-manifest.ts';
import { readJson } from './stored-json.ts';

export const partSchema = z.object({ key: z.string(), rows: z.int(), bytes: z.int(), sha256: z.string() });
export type Part = z.infer<typeof partSchema>;

export const engineReportSchema = z.object({
  name: z.string(),
  /** Columns that the engine can't write in their own Parquet type, and what it writes instead. */
  degraded: z.array(z.object({ column: z.string(), type: z.string(), written_as: z.string() })),
});

/** An object of rows that are in quarantine. */
export const quarantinedSchema = z.object({
  key: z.string(),
  rows: z.int(),
  /** Why, most rows first. A row with two type mismatches counts twice. Absent: written by earlier code. */
  reasons: z.optional(z.array(z.object({ reason: z.string(), rows: z.int() }))),
});
export type Quarantined = z.infer<typeof quarantinedSchema>;

/** Proof that all rows of a write task are stored in bronze or in quarantine. */
export const receiptSchema = z.object({
  version: z.literal(1),
  task: z.string(),
  engine: engineReportSchema,
  parts: z.array(partSchema),
  quarantine: z.nullable(quarantinedSchema),
});
export type Receipt = z.infer<typeof receiptSchema>;

/** Names of all write tasks of the committed slices, in part order. */
export function taskNames(slices: readonly SliceManifest[]): string[] {
  return slices.flatMap((slice) => slice.tasks.map((_, task) => taskName(slice.slice, task)));
}

/** Write tasks that have no receipt yet. */
export function missingTasks(slices: readonly SliceManifest[], receipts: ReadonlySet<string>): string[] {
  return taskNames(slices).filter((name) => !receipts.has(name));
}

/** A load is covered if its last slice is committed and each write task has its receipt. Strays count for nothing. */
export function isCovered(slices: readonly SliceManifest[], receipts: ReadonlySet<string>): boolean {
  return slices.at(-1)?.final === true && taskNames(slices).every((name) => receipts.has(name));
}

/** What lies in the folder of a load's receipts. */
export interface ListedReceipts {
  /** Names of the write tasks that have a receipt: `00000-00003`. */
  readonly tasks: ReadonlySet<string>;
  /** Names of all objects. Some may be strays: `.DS_Store`, an editor's copy, `""` for the marker of the folder. */
  readonly names: readonly string[];
}

export async function listReceipts(objects: ObjectStore, load: LoadKey): Promise<ListedReceipts> {
  const keys = await objects.list(receiptsPrefix(load));
  const tasks = keys.map((key) => taskNameOfReceipt(load, key)).filter((name) => name !== undefined);
  return { tasks: new Set(tasks), names: keys.map((key) => key.slice(receiptsPrefix(load).length)) };
}

/** Names of the objects that are no receipt of any write task of the load, whose slices are all here. */
export function straysAmong({ names }: ListedReceipts, slices: readonly SliceManifest[]): string[] {
  const receipts = new Set(taskNames(slices).map((name) => `${name}.json`));
  return names.filter((name) => !receipts.has(name));
}

/** The receipts of all write tasks, in part order. @throws BronzeError OBJECT_MISSING, OBJECT_INVALID */
export async function readReceipts(
  objects: ObjectStore,
  load: LoadKey,
  slices: readonly SliceManifest[],
): Promise<Receipt[]> {
  const receipts: Receipt[] = [];
  for (const name of taskNames(slices)) {
    const key = `${receiptsPrefix(load)}${name}.json`;
    const hint = 'Receipts are written once and never edited: was staging changed by hand?';
    const receipt = await readJson(objects, key, receiptSchema, hint);
    if (!receipt) throw new BronzeError('OBJECT_MISSING', { message: `${key} was listed but is gone`, hint });
    receipts.push(receipt);
  }
  return receipts;
}
