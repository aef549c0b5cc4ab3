import { declaredType, settingsOf, written } from '@bronze/common/config/columns';
import { BronzeError } from '@bronze/common/words/failure';
import { cursorZone, type EndpointEntity } from '@bronze/common/config/rest';
import { type JsonNode, JsonObject, nodeAt } from './json-node.ts';
import { cursorTime } from './cursor-time.ts';
import { hasZone } from './parsed-timestamp.ts';

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

/** What is so for a path such as `meta.modified`: there may be a field `meta`, and what is in it can't serve. */
function nested(record: JsonObject, name: string): string {
  const [outer = '', ...inner] = name.split('.');
  if (inner.length === 0 || record.get(outer) === undefined) return '';
  return `: it takes a field of the record itself, and none within ${outer}`;
}

/**
 * Checks that the records have the fields of the primary key, and a cursor that can be read. A configured field that
 * none of them has is a mistake: its name is wrong, or the API has changed. Without records nothing is checked.
 *
 * @throws BronzeError KEY_MISSING, COLUMN_MISSING, COLUMN_UNSUPPORTED, TIME_ZONE_UNDECLARED, CONFIG_INVALID
 */
export function checkFields(entity: EndpointEntity, records: readonly JsonObject[]): void {
  const [first] = records;
  if (!first) return;
  const has = (name: string) => records.some((record) => record.get(name) !== undefined);
  const known = [...new Set(first.entries.map(([name]) => name))].join(', ');
  for (const name of entity.primary_key.filter((name) => !has(name))) {
    throw new BronzeError('KEY_MISSING', {
      message: `no record of ${entity.name} has the field ${name} of its primary_key${nested(first, name)}`,
      hint: `Records have: ${known}. Change primary_key of ${entity.name}.`,
    });
  }
  const { cursor } = entity;
  if (cursor === null) return;
  const type = declaredType(entity, cursor);
  if (!has(cursor) && type === undefined) {
    throw new BronzeError('COLUMN_MISSING', {
      message: `no record of ${entity.name} has the field ${cursor}, its cursor${nested(first, cursor)}`,
      hint: `Records have: ${known}. Change cursor of ${entity.name}; null loads it in full each time. ${IF_OPTIONAL}`,
    });
  }
  const values = records.map((record) => record.get(cursor) ?? null).filter((value) => value !== null);
  const times = values.map((value) => cursorTime(entity, value));
  checkZones(entity, values);
  if (entity.since && entity.since.format !== 'date' && times.some((one) => one?.day !== undefined)) {
    throw new BronzeError('COLUMN_UNSUPPORTED', {
      message: `the field ${cursor}, cursor of ${entity.name}, holds days without a time`,
      hint: `${ASK_BY_DAY} A day is then loaded once it is over.`,
    });
  }
  if (values.length > 0 && !times.some((one) => one)) {
    throw new BronzeError('COLUMN_UNSUPPORTED', {
      message: `the field ${cursor}, cursor of ${entity.name}, holds no timestamps`,
      hint: `It must be ISO 8601 text. ${declareNumbers(entity, cursor)}`,
    });
  }
}

/** With `cursor_time_zone`, `since` names no zone: an API that names one in its own times might read it in another. */
function checkZones(entity: EndpointEntity, values: readonly JsonNode[]): void {
  const { name, cursor, since } = entity;
  const cursor_time_zone = cursorZone(entity);
  if (cursor_time_zone === undefined || !since?.format.startsWith('iso') || values.length === 0) return;
  if (!values.every((value) => typeof value === 'string' && hasZone(value))) return;
  throw new BronzeError('CONFIG_INVALID', {
    message: `the configuration says that the times in ${cursor ?? ''}, cursor of ${name}, are in ${cursor_time_zone}, but they name their zone`,
    hint: `Remove cursor_time_zone of ${name}, and the time_zone of ${cursor ?? ''} under columns.`,
  });
}
