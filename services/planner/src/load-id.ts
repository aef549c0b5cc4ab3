import { createHash } from 'node:crypto';

/**
 * A UUID (version 8, RFC 9562) that depends only on `names`, so a repeated schedule event asks for the same loads.
 *
 * @example deriveId('2024-01-15T00:00:00.000000Z', 'orders', 'incremental')
 */
export function deriveId(...names: readonly string[]): string {
  const digest = createHash('sha256').update(JSON.stringify(names)).digest('hex');
  const variant = ((Number.parseInt(digest.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `8${digest.slice(13, 16)}`,
    `${variant}${digest.slice(17, 20)}`,
    digest.slice(20, 32),
  ].join('-');
}
