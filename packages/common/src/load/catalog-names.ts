import { BRONZE_PREFIX, STATE_PREFIX } from './object-keys.ts';

/** What the Glue database and the tables that belong to no entity are called. */
export interface CatalogNames {
  readonly database: string;
  /** The table of all entities. */
  readonly bronze: string;
  /** The table of the run log. */
  readonly log: string;
  /** The table of load records. */
  readonly loads: string;
}

const withoutSlash = (prefix: string) => prefix.replace(/\/$/, '');

/** The tables are called as what they are over: `data/bronze`, `logs/pipeline/ingestion`. */
export const DEFAULT_NAMES: CatalogNames = {
  database: 'aws-ecom-pipeline',
  bronze: withoutSlash(BRONZE_PREFIX),
  log: withoutSlash(STATE_PREFIX),
  loads: 'bronze_loads',
};

/** The variables of the catalog function, and of `npm run synth`, that hold them. */
export const CATALOG_VARIABLES = {
  database: 'CATALOG_DATABASE',
  bronze: 'CATALOG_BRONZE_TABLE',
  log: 'CATALOG_LOG_TABLE',
  loads: 'CATALOG_LOADS_TABLE',
} as const satisfies Record<keyof CatalogNames, string>;
