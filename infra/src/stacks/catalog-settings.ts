import type { Environment } from '@bronze/common/reference';
import { CATALOG_VARIABLES, type CatalogNames, DEFAULT_NAMES } from '@bronze/common/load/catalog-names';

/** Athena knows names in lower case only; queries quote those with other characters than letters, digits and `_`. */
const NAME = /^[a-z0-9_][a-z0-9_/-]{0,254}$/;

/** The names of the catalog's database and tables, and what is wrong with them. @param database its default */
export function catalogNames(environment: Environment, database: string): { names: CatalogNames; wrong: string[] } {
  const names = {
    database: environment[CATALOG_VARIABLES.database] ?? database,
    bronze: environment[CATALOG_VARIABLES.bronze] ?? DEFAULT_NAMES.bronze,
    log: environment[CATALOG_VARIABLES.log] ?? DEFAULT_NAMES.log,
    loads: environment[CATALOG_VARIABLES.loads] ?? DEFAULT_NAMES.loads,
  };
  const invalid = Object.entries(CATALOG_VARIABLES).filter(([name]) => !NAME.test(names[name as keyof CatalogNames]));
  const wrong = invalid.map(([, variable]) => `${variable}: must be of lower case letters, digits, _, - and /`);
  const isTwice = new Set([names.bronze, names.log, names.loads]).size < 3;
  if (isTwice) wrong.push('CATALOG_BRONZE_TABLE, CATALOG_LOG_TABLE, CATALOG_LOADS_TABLE: must be three names');
  return { names, wrong };
}
