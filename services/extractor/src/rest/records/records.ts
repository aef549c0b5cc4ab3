import { BronzeError } from '@bronze/common/words/failure';
import type { EndpointEntity } from '@bronze/common/config/rest';
import { type JsonNode, JsonObject, nodeAt } from './json-node.ts';
import { momentOf } from './parsed-timestamp.ts';

/** The records in a response. @throws BronzeError RECORDS_MISSING */
export function recordsIn(entity: EndpointEntity, body: JsonNode): JsonObject[] {
  const { records_path } = entity;
  const found = records_path === null ? body : nodeAt(body, records_path);
  const where = records_path === null ? 'the body' : `${records_path} in the body`;
  // Some write an empty list as null.
  if (found === null && records_path !== null) return [];
  if (!Array.isArray(found)) throw missing(entity, `${where} is no list`);
  return found.map((record: JsonNode) => {
    if (record instanceof JsonObject) return record;
    throw missing(entity, `${where} holds something that is no object`);
  });
}

function missing(entity: EndpointEntity, what: string): BronzeError {
  return new BronzeError('RECORDS_MISSING', {
    message: `the answer for ${entity.name} holds no records: ${what}`,
    hint: `Is records_path of ${entity.name} right? Some APIs answer with an error and status 200: look at the answer yourself.`,
  });
}

/**
 * A configured field that none of the records has is a mistake: its name is wrong, or the API has changed.
 *
 * @throws BronzeError KEY_MISSING, COLUMN_MISSING, COLUMN_UNSUPPORTED
 */
export function checkFields(entity: EndpointEntity, records: readonly JsonObject[]): void {
  const [first] = records;
  if (!first) return;
  const has = (name: string) => records.some((record) => record.get(name) !== undefined);
  const known = [...new Set(first.entries.map(([name]) => name))].join(', ');
  for (const name of entity.primary_key.filter((name) => !has(name))) {
    throw new BronzeError('KEY_MISSING', {
      message: `no record of ${entity.name} has the field ${name} of its primary_key`,
      hint: `Records have: ${known}. Change primary_key of ${entity.name}.`,
    });
  }
  const { cursor, columns } = entity;
  if (cursor === null) return;
  if (!has(cursor) && !Object.hasOwn(columns, cursor)) {
    throw new BronzeError('COLUMN_MISSING', {
      message: `no record of ${entity.name} has the field ${cursor}, its cursor`,
      hint: `Records have: ${known}. Change cursor of ${entity.name}; null loads it in full each time. If records may lack it, declare it under columns.`,
    });
  }
  const values = records.map((record) => record.get(cursor) ?? null).filter((value) => value !== null);
  const moments = values.map((value) => momentOf(value, columns[cursor] ?? ''));
  if (entity.since && entity.since.format !== 'date' && moments.some((moment) => moment?.is_day)) {
    throw new BronzeError('COLUMN_UNSUPPORTED', {
      message: `the field ${cursor}, cursor of ${entity.name}, holds days without a time`,
      hint: "Ask by the day: since: { format: 'date' }; or since: null, if the API can’t be asked. A day then counts once it is over.",
    });
  }
  if (values.length > 0 && !moments.some((moment) => moment)) {
    throw new BronzeError('COLUMN_UNSUPPORTED', {
      message: `the field ${cursor}, cursor of ${entity.name}, holds no moments`,
      hint: `Expected is ISO 8601 text. For numbers declare columns: { ${cursor}: 'unix_seconds' } or 'unix_milliseconds'.`,
    });
  }
}
