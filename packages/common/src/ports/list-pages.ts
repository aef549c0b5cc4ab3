/** One answer of a paged listing. */
export interface ListPage {
  readonly keys: readonly string[];
  /** Where the next page begins; undefined: this is the last. */
  readonly next: string | undefined;
}

/** Every key of a listing that comes in pages: S3 gives a thousand at a time. */
export async function allKeys(page: (from: string | undefined) => Promise<ListPage>): Promise<string[]> {
  const keys: string[] = [];
  let from: string | undefined;
  do {
    const { keys: more, next } = await page(from);
    for (const key of more) keys.push(key);
    from = next;
  } while (from !== undefined);
  return keys;
}

/** S3's order. */
export function sortedByBytes(keys: readonly string[]): string[] {
  return keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
