/** Event dates name folders: a field serves only if it holds dates or timestamps (decision 17 keeps its type). */
import { BronzeError } from '@bronze/common/words/failure';
import { declaredType, type EndpointEntity } from '@bronze/common/config/rest';
import { canonicalJson, type JsonNode, type JsonObject } from './json-node.ts';
import { parseTimestampText } from './parsed-timestamp.ts';

const SHOWN_CHARACTERS = 40;
/** As many field names as a message can hold. */
const SHOWN_FIELDS = 50;

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
  const { event_date, name, columns } = entity;
  const field = event_date ?? '';
  const example = values.find((value) => !isDateOrTimestamp(value));
  const isDeclared = Object.hasOwn(columns, field);
  const why = isDeclared ? '' : example === undefined ? ' since an earlier load' : `, as it holds ${shown(example)}`;
  throw new BronzeError('COLUMN_UNSUPPORTED', {
    message: `event_date ${field} of ${name} is ${type}${why}; it must be a date or timestamp`,
    hint: `Name another field, or leave event_date out. ${declareDate(field)}`,
  });
}

function declareDate(field: string): string {
  return `Or declare columns: { ${JSON.stringify(field)}: 'timestamptz' }, 'date', 'unix_seconds' or 'unix_milliseconds': records with other values are then quarantined.`;
}

function isDateOrTimestamp(value: JsonNode): boolean {
  return typeof value === 'string' && parseTimestampText(value)?.is_exact === true;
}

function shown(value: JsonNode): string {
  const text = canonicalJson(value);
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}

/** Notices that no record has the event date, not even as null: its name is wrong, or it is nested. */
export class EventDatePresence {
  readonly #entity: EndpointEntity;
  readonly #names = new Set<string>();
  #isSettled: boolean;

  /** @param isKnown whether earlier records had the field: then these may lack it, as they may if it is declared */
  constructor(entity: EndpointEntity, isKnown: boolean) {
    const { event_date, columns } = entity;
    this.#entity = entity;
    this.#isSettled = isKnown || event_date === null || Object.hasOwn(columns, event_date);
  }

  see(records: readonly JsonObject[]): void {
    const { event_date } = this.#entity;
    for (const { entries } of this.#isSettled ? [] : records) {
      if (entries.some(([name]) => name === event_date)) this.#isSettled = true;
      else for (const [name] of entries) if (this.#names.size < SHOWN_FIELDS) this.#names.add(name);
    }
  }

  /** @throws BronzeError COLUMN_MISSING if there were records, and none had the field. Later records may lack it */
  check(): void {
    if (this.#isSettled || this.#names.size === 0) return;
    const { name, event_date } = this.#entity;
    const field = event_date ?? '';
    const isOptional = `If records may lack it, declare it: columns: { ${JSON.stringify(field)}: 'timestamptz' }.`;
    throw new BronzeError('COLUMN_MISSING', {
      message: `no record of ${name} has the field ${field}, its event_date`,
      hint: `Records have: ${[...this.#names].join(', ')}. A nested field can’t serve. Change event_date of ${name}, or leave it out. ${isOptional}`,
    });
  }
}
