/** A record as the API sends it: its JSON is text, so that digits stay as they were written. */
export interface ApiRecord {
  readonly id: string;
  /** ISO 8601 with microseconds, UTC: 27 characters, so text order is time order. */
  readonly updated_at: string;
  readonly json: string;
}

/** A list of records in the API's order: by `updated_at`, then `id`. */
export interface RecordList {
  readonly length: number;
  slice(from: number, to: number): readonly ApiRecord[];
}

export function inOrder(records: readonly ApiRecord[]): ApiRecord[] {
  return records.toSorted((a, b) => compare(a.updated_at, b.updated_at) || compare(a.id, b.id));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
