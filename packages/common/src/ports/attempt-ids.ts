/** Names for attempts: never the same twice, in any process. */
export interface AttemptIds {
  next(): string;
}
