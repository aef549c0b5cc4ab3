import { rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { PRIVATE_FILE } from '@bronze/common/adapters/local/private-files';
import type { Part } from '@bronze/common/load/receipts';
import type { ObjectReader } from '@bronze/common/ports/object-store';
import { BronzeError } from '@bronze/common/words/failure';
import { makeTemporaryFolder, sweepTemporaryFolders } from '@bronze/writer/adapters/temporary-folders';
import type { Target } from '../target/target.ts';

/** As many parts are fetched at once: each is held in memory meanwhile. */
const FETCHED_AT_ONCE = 4;

/**
 * Works on parts as files. On AWS they are fetched into a temporary folder that only this user may read, and that is
 * removed afterwards.
 *
 * @throws BronzeError OBJECT_MISSING if a part is gone that a load record names
 */
export async function withFiles<T>(
  target: Target,
  parts: readonly Part[],
  work: (fileOf: (part: Part) => string) => Promise<T>,
): Promise<T> {
  if (target.kind === 'folder') return work(({ key }) => resolve(target.placeOf(key)));
  await sweepTemporaryFolders();
  const folder = await makeTemporaryFolder();
  try {
    const files = new Map(parts.map(({ key }, index) => [key, join(folder, `part-${index}.parquet`)]));
    for (let from = 0; from < parts.length; from += FETCHED_AT_ONCE) {
      const some = parts.slice(from, from + FETCHED_AT_ONCE);
      await Promise.all(some.map(async ({ key }) => fetchTo(files.get(key) ?? '', target, key)));
    }
    return await work(({ key }) => files.get(key) ?? '');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function fetchTo(file: string, target: Target, key: string): Promise<void> {
  const { objects }: { readonly objects: ObjectReader } = target;
  const stored = await objects.get(key);
  if (stored) return writeFile(file, stored.body, PRIVATE_FILE);
  throw new BronzeError('OBJECT_MISSING', {
    message: `${target.placeOf(key)} is gone, and a load record names it`,
    hint: 'Find out what deletes parts. The bucket keeps earlier versions: restore it, or load the entity in full again.',
  });
}
