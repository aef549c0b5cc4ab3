/** At-least-once, unordered. Resolves when every message is accepted, throws when any is not. */
export interface TaskQueue<Message> {
  send(messages: readonly Message[]): Promise<void>;
}
