/** Delivers at least once, in any order. `send` resolves once every message is accepted and throws if any is not. */
export interface TaskQueue<Message> {
  send(messages: readonly Message[]): Promise<void>;
}
