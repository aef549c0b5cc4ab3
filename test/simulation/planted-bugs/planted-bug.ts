/** A change of the shipping code: `find` is there exactly once. */
export interface Edit {
  /** From the top of the repository. */
  readonly file: string;
  readonly find: string;
  readonly put: string;
}

/** A planted bug: a mistake that somebody could make in the protocol. */
export interface PlantedBug {
  readonly name: string;
  readonly edits: readonly Edit[];
}
