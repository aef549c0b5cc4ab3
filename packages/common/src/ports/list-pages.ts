/** One page of a listing. */
export interface ListPage {
  readonly keys: readonly string[];
  /** Where the next page begins; undefined on the last page. */
  readonly next: string | undefined;
}

/** Every key of a paged listing. S3 gives a thousand keys a page. */
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

/** Keys in the order in which S3 lists them: by their UTF-8 bytes. */
export function sortedByBytes(keys: readonly string[]): string[] {
  return keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
