/** Event dates name folders: a field serves only if it holds dates or timestamps (decision 17 keeps its type). */
import { declaredType, settingsOf, written } from '@bronze/common/config/columns';
import { BronzeError } from '@bronze/common/words/failure';
import type { EndpointEntity } from '@bronze/common/config/rest';
import { canonicalJson, type JsonNode } from './json-node.ts';
import { parseTimestampText } from './parsed-timestamp.ts';

const SHOWN_CHARACTERS = 40;

/** As declared, or as the catalog names it. */
const DATE_OR_TIMESTAMP =
  /^(?:date|timestamp|timestamptz|unix_seconds|unix_milliseconds|timestamp with(?:out)? time zone)$/;

/** @throws BronzeError COLUMN_UNSUPPORTED if the type that is declared for the event date is no date or timestamp */
export function checkDeclaredEventDate(entity: EndpointEntity): void {
  const { event_date } = entity;
  const declared = event_date === null ? undefined : declaredType(entity, event_date);
  if (declared !== undefined) checkEventDate(entity, declared, []);
}

/**
 * Checks the type of the event date, whether declared, known from the load before, or inferred from these values.
 *
 * @throws BronzeError COLUMN_UNSUPPORTED
 */
export function checkEventDate(entity: EndpointEntity, type: string, values: readonly JsonNode[]): void {
  if (DATE_OR_TIMESTAMP.test(type)) return;
  const { event_date, name } = entity;
  const field = event_date ?? '';
  const example = values.find((value) => !isDateOrTimestamp(value));
  const isDeclared = declaredType(entity, field) !== undefined;
  const why = isDeclared ? '' : example === undefined ? ' since an earlier load' : `, as it holds ${shown(example)}`;
  throw new BronzeError('COLUMN_UNSUPPORTED', {
    message: `event_date ${field} of ${name} is ${type}${why}; it must be a date or timestamp`,
    hint: `Name another field, or leave event_date out. ${declareDate(entity, field)}`,
  });
}

function declareDate(entity: EndpointEntity, field: string): string {
  const declared = written(field, { ...settingsOf(entity, field), type: 'timestamptz' });
  return `Or declare columns: { ${declared} }, 'date', 'unix_seconds' or 'unix_milliseconds': records with other values are then quarantined.`;
}

function isDateOrTimestamp(value: JsonNode): boolean {
  return typeof value === 'string' && parseTimestampText(value)?.is_exact === true;
}

function shown(value: JsonNode): string {
  const text = canonicalJson(value);
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}
