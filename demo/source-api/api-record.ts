/** A record as the API sends it. Its JSON is text, so that digits stay as they were written. */
export interface ApiRecord {
  readonly id: string;
  /** ISO 8601 with microseconds, UTC: 27 characters, so text order is time order. */
  readonly updated_at: string;
  readonly json: string;
}

/** A list of records in the API's order. */
export interface RecordList {
  readonly length: number;
  slice(from: number, to: number): readonly ApiRecord[];
  since(updated_at: string): RecordList;
  /** How many records come before the one with these values, itself included, whether or not it still exists. */
  countUpTo(updated_at: string, id: string): number;
}

function compare(a: ApiRecord, b: ApiRecord): number {
  const [left, right] = a.updated_at === b.updated_at ? [a.id, b.id] : [a.updated_at, b.updated_at];
  return left < right ? -1 : left > right ? 1 : 0;
}

export type ListOrder = 'oldest_first' | 'newest_first';

/** Records by `updated_at`, then `id`. They can be changed, deleted and added while the list is paged. */
export class MovingList implements RecordList {
  readonly #order: ListOrder;
  #records: ApiRecord[];

  constructor(records: readonly ApiRecord[], order: ListOrder = 'oldest_first') {
    this.#order = order;
    this.#records = records.toSorted((a, b) => this.#compare(a, b));
  }

  get length(): number {
    return this.#records.length;
  }

  slice(from: number, to: number): readonly ApiRecord[] {
    return this.#records.slice(Math.max(0, from), Math.max(0, to));
  }

  since(updated_at: string): RecordList {
    return new MovingList(
      this.#records.filter((record) => record.updated_at >= updated_at),
      this.#order,
    );
  }

  countUpTo(updated_at: string, id: string): number {
    const after = this.#records.findIndex((record) => this.#compare(record, { updated_at, id, json: '' }) > 0);
    return after === -1 ? this.length : after;
  }

  /** Gives the record at an index a new version, which moves to its own place in the order. */
  touch(index: number, updated_at: string): void {
    const [record] = this.#records.splice(index, 1);
    if (!record) return;
    const json = record.json.replace(/"updated_at":"[^"]*"/, `"updated_at":"${updated_at}"`);
    this.add({ id: record.id, updated_at, json });
  }

  delete(index: number): void {
    this.#records.splice(index, 1);
  }

  add(record: ApiRecord): void {
    const at = this.countUpTo(record.updated_at, record.id);
    this.#records.splice(at, 0, record);
  }

  #compare(a: ApiRecord, b: ApiRecord): number {
    return this.#order === 'oldest_first' ? compare(a, b) : compare(b, a);
  }
}
