import { declaredType, settingsOf, written } from '@bronze/common/config/columns';
import { BronzeError } from '@bronze/common/words/failure';
import type { EndpointEntity } from '@bronze/common/config/rest';
import { type JsonNode, JsonObject, nodeAt } from './json-node.ts';
import { momentOf } from './parsed-timestamp.ts';

/** The records in a response. @throws BronzeError RECORDS_MISSING if there is no list of objects at `records_path` */
export function recordsIn(entity: EndpointEntity, body: JsonNode): JsonObject[] {
  const { records_path } = entity;
  const found = records_path === null ? body : nodeAt(body, records_path);
  const where = records_path === null ? 'the body' : `${records_path} in the body`;
  // Some APIs write an empty list as null.
  if (found === null && records_path !== null) return [];
  if (!Array.isArray(found)) throw missing(entity, `${where} is not a list`);
  return found.map((record: JsonNode) => {
    if (record instanceof JsonObject) return record;
    throw missing(entity, `${where} holds something that is not an object`);
  });
}

function missing(entity: EndpointEntity, what: string): BronzeError {
  const hint = 'Some APIs report errors with status 200: look at the answer yourself.';
  return new BronzeError('RECORDS_MISSING', {
    message: `the answer for ${entity.name} holds no records: ${what}`,
    hint: `Is records_path of ${entity.name} right? ${hint}`,
  });
}

const IF_OPTIONAL = 'If records may lack it, declare it under columns.';
const ASK_BY_DAY = "Set since: { format: 'date' } to ask by the day, or since: null if the API can’t be asked.";

function declareNumbers(entity: EndpointEntity, cursor: string): string {
  const declared = written(cursor, { ...settingsOf(entity, cursor), type: 'unix_seconds' });
  return `For numbers, declare columns: { ${declared} } or 'unix_milliseconds'.`;
}

/**
 * Checks that the records have the fields of the primary key, and a cursor that can be read. A configured field that
 * none of them has is a mistake: its name is wrong, or the API has changed. Without records nothing is checked.
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
  const { cursor } = entity;
  if (cursor === null) return;
  const type = declaredType(entity, cursor);
  if (!has(cursor) && type === undefined) {
    throw new BronzeError('COLUMN_MISSING', {
      message: `no record of ${entity.name} has the field ${cursor}, its cursor`,
      hint: `Records have: ${known}. Change cursor of ${entity.name}; null loads it in full each time. ${IF_OPTIONAL}`,
    });
  }
  const values = records.map((record) => record.get(cursor) ?? null).filter((value) => value !== null);
  const timestamps = values.map((value) => momentOf(value, type ?? ''));
  if (entity.since && entity.since.format !== 'date' && timestamps.some((one) => one?.is_day)) {
    throw new BronzeError('COLUMN_UNSUPPORTED', {
      message: `the field ${cursor}, cursor of ${entity.name}, holds days without a time`,
      hint: `${ASK_BY_DAY} A day is then loaded once it is over.`,
    });
  }
  if (values.length > 0 && !timestamps.some((one) => one)) {
    throw new BronzeError('COLUMN_UNSUPPORTED', {
      message: `the field ${cursor}, cursor of ${entity.name}, holds no timestamps`,
      hint: `It must be ISO 8601 text. ${declareNumbers(entity, cursor)}`,
    });
  }
}
