import { hash } from 'node:crypto';

/** A change of one byte changes it, also when a person made that change with an editor. */
export function etagOf(body: Uint8Array): string {
  return `"${hash('sha256', body, 'hex')}"`;
}
