export interface StoredObject {
  readonly body: Uint8Array;
  /** Opaque; changes with every change of the object. */
  readonly etag: string;
}

/** A strongly consistent object store. There is no unconditional put: nothing of Bronze needs one. */
export interface ObjectStore {
  get(key: string): Promise<StoredObject | undefined>;
  /** Atomic: of any number of concurrent callers exactly one gets `created`. */
  putIfAbsent(key: string, body: Uint8Array): Promise<'created' | 'exists'>;
  /** Atomic: writes only while the object still has `etag` (`undefined`: while it does not exist). False when it lost. */
  replace(key: string, body: Uint8Array, etag: string | undefined): Promise<boolean>;
  /** Every key that starts with `prefix`, in byte order, however many there are. */
  list(prefix: string): Promise<readonly string[]>;
  /** Only for staging of a recorded load. Silent when the object is gone already. */
  remove(key: string): Promise<void>;
}
