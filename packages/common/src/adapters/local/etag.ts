import { hash } from 'node:crypto';

/** An ETag of the content, so it changes with every byte, even if a person edits the file. */
export function etagOf(body: Uint8Array): string {
  return `"${hash('sha256', body, 'hex')}"`;
}
