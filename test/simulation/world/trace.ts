import { hash } from 'node:crypto';

/** The event log of a world: what happened, in order, as text. */
export class Trace {
  readonly lines: string[] = [];

  add(line: string): void {
    this.lines.push(line);
  }

  /** Two runs of the same seed have the same, or something in them was left to chance. */
  get digest(): string {
    return hash('sha256', this.lines.join('\n'), 'hex');
  }
}
