import { entityOf, isEndpoint, isTable } from '@bronze/common/config';
import { bronzeName } from '@bronze/common/config/columns';
import { freshWithinSeconds } from '@bronze/common/config/fresh-within';
import { IS_DELETED } from '@bronze/common/words/entity';
import config from '../../../bronze.config.ts';
import type { GlueColumn, CatalogEntity } from '@bronze/constructs/catalog';
import type { QueryKey } from '@bronze/constructs/queries';

/**
 * Columns of the demo shop's entities, which otherwise only its database and API know. Replace them with your own, by the
 * names that they have in Bronze.
 * Columns that are not listed here are in the Parquet files all the same, and `MSCK` is never needed.
 */
const COLUMNS: Readonly<Record<string, string>> = {
  customers:
    'id bigint, email string, full_name string, country string, birthday date, is_subscribed boolean, preferences string, created_at timestamp, updated_at timestamp',
  products:
    'id int, sku string, title string, price decimal(10,2), weight_kg double, tags string, updated_at timestamp',
  orders:
    'id bigint, customer_id bigint, status string, currency string, total decimal(12,2), note string, ordered_at timestamp, updated_at timestamp',
  order_items:
    'order_id bigint, line int, product_id int, quantity int, unit_price decimal(10,2), updated_at timestamp',
  payments:
    'id string, order_id bigint, provider_reference bigint, amount decimal(12,2), fee decimal(14,5), currency string, status string, card string, is_live boolean, created_at timestamp, updated_at timestamp',
  shipments:
    'id string, order_id bigint, carrier string, tracking_number string, weight_kg decimal(8,3), parcels string, note string, shipped_at timestamp, delivered_at timestamp, updated_at timestamp',
};

const KEYS: Readonly<Record<string, readonly string[]>> = { order_items: ['order_id', 'line'] };

/** Every entity in bronze.config.ts, with the columns, key and cursor that the catalog and its queries need. */
export function catalogEntities(): (CatalogEntity & QueryKey)[] {
  return Object.keys(config.entities).map((name) => {
    const entity = entityOf(config, name);
    const { cursor, primary_key } = entity;
    const key = primary_key ?? KEYS[name] ?? ['id'];
    return {
      name,
      key: key.map((column) => bronzeName(entity, column)),
      // With several cursors, any of them may be NULL; the time of ingestion orders versions anyway.
      cursor: cursor === null || Array.isArray(cursor) ? null : bronzeName(entity, cursor),
      columns: [
        ...columnsOf(COLUMNS[name] ?? (isEndpoint(entity) ? 'id string' : '')),
        ...(isTable(entity) && entity.deleted_at !== null ? [{ name: IS_DELETED, type: 'boolean' }] : []),
      ],
    };
  });
}

/** How many seconds each enabled entity may be behind. */
export function freshWithin(): ReadonlyMap<string, number> {
  return freshWithinSeconds(config);
}

function columnsOf(text: string): GlueColumn[] {
  const matches = text.matchAll(/(\w+) ([a-z]+(?:\(\d+,\d+\))?)(?:, |$)/g);
  return [...matches].map(([, name = '', type = '']) => ({ name, type }));
}
