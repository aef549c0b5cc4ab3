export interface StoredObject {
  readonly body: Uint8Array;
  /** Opaque; changes with every change of the object. */
  readonly etag: string;
}

/** What can be asked of a store without changing it. */
export interface ObjectReader {
  get(key: string): Promise<StoredObject | undefined>;
  /** Every key that starts with `prefix`, in byte order, however many there are. */
  list(prefix: string): Promise<readonly string[]>;
}

/** A strongly consistent object store. It has no unconditional put, because nothing in Bronze needs one. */
export interface ObjectStore extends ObjectReader {
  /** Atomic: of any number of concurrent callers exactly one gets `created`. */
  putIfAbsent(key: string, body: Uint8Array): Promise<'created' | 'exists'>;
  /** Atomic: writes only while the object still has `etag` (undefined: does not exist). False if it did not write. */
  replace(key: string, body: Uint8Array, etag: string | undefined): Promise<boolean>;
  /** Only for what nothing depends on any more, such as staged batches of a load that has a record. Does nothing if the object is gone. */
  remove(key: string): Promise<void>;
}
