import { hash } from 'node:crypto';

/** The event log of a world: one line per event, in order. */
export class Trace {
  readonly lines: string[] = [];

  add(line: string): void {
    this.lines.push(line);
  }

  /** Hex SHA-256 of the log. If two runs of a seed differ in it, something in them was not deterministic. */
  get digest(): string {
    return hash('sha256', this.lines.join('\n'), 'hex');
  }
}
