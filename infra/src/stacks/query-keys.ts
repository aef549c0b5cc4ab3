import { type Config, entityOf } from '@bronze/common/config';
import { bronzeName } from '@bronze/common/config/columns';
import type { QueryKey } from '@bronze/constructs/queries';

/** Of each entity whose `primary_key` is configured: a table's own key is known to its database only. */
export function queryKeys(config: Config): Record<string, QueryKey> {
  const keys = Object.keys(config.entities).flatMap((name): [string, QueryKey][] => {
    const entity = entityOf(config, name);
    const { cursor, primary_key } = entity;
    if (!primary_key) return [];
    const key = primary_key.map((column) => bronzeName(entity, column));
    // With several cursors, any of them may be NULL; the time of ingestion orders versions anyway.
    const ordering = cursor === null || Array.isArray(cursor) ? null : bronzeName(entity, cursor);
    return [[name, { key, cursor: ordering }]];
  });
  return Object.fromEntries(keys);
}
