/** Replaces `find` by `put` in a shipping module, which must contain `find` exactly once. */
export interface Edit {
  /** Path from the root of the repository. */
  readonly file: string;
  readonly find: string;
  readonly put: string;
}

/** A mistake that somebody could make in the protocol, and that a law must catch. */
export interface PlantedBug {
  /** Unique; listed in docs/simulation.md. */
  readonly name: string;
  readonly edits: readonly Edit[];
}
