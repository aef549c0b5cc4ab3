/** Gives each attempt an id that no attempt of any process has had. */
export interface AttemptIds {
  next(): string;
}
