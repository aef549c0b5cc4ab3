import { type Column, isFolderName, METADATA_COLUMNS } from '@bronze/common/words/entity';
import { BronzeError } from '@bronze/common/words/failure';
import { declaredType, type EndpointEntity, zoneOf } from '@bronze/common/config/rest';
import { checkEventDate } from './event-date.ts';
import { canonicalJson, type JsonNode, JsonNumber, type JsonObject } from './json-node.ts';
import { hasZone, parseTimestampText } from './parsed-timestamp.ts';

/** An API whose keys are data (`{"2024-01-15": …}`) would make a column of each key. */
const COLUMNS_MAX = 2000;
const INT64 = 64;

/** A record's fields by name, without nulls: null and missing are the same (decision 13). */
export type Fields = ReadonlyMap<string, JsonNode>;

/** The names that PostgreSQL's catalog prints, which manifests and `docs/types.md` use. */
const CATALOG_NAMES: Readonly<Record<string, string>> = {
  timestamptz: 'timestamp with time zone',
  timestamp: 'timestamp without time zone',
  unix_seconds: 'timestamp with time zone',
  unix_milliseconds: 'timestamp with time zone',
};

/**
 * The types of an entity's fields: as declared; else as in the previous load (decision 17); else inferred from the
 * first records that have the field. A known type doesn't change with the data, so that today's part can be read
 * together with last year's.
 */
export class FieldTypes {
  readonly #entity: EndpointEntity;
  readonly #types = new Map<string, string>();
  readonly #cases = new Map<string, string>();
  readonly #isNew: boolean;

  constructor(entity: EndpointEntity, known: readonly Column[]) {
    this.#entity = entity;
    this.#isNew = known.every(({ name }) => Object.hasOwn(entity.columns, name) || name === entity.event_date);
    const kept = known.filter(({ name }) => !entity.exclude.includes(name));
    for (const { name, type } of kept) this.#add(name, declaredType(entity, name) ?? type);
  }

  /** Whether no inferred type was known at the start: then many records should be read before types are inferred. */
  get isNew(): boolean {
    return this.#isNew;
  }

  /**
   * Infers the types of the fields that are not known yet.
   *
   * @throws BronzeError COLUMN_RESERVED, COLUMN_AMBIGUOUS, COLUMN_UNSUPPORTED for names that Bronze can't hold, and for
   *   an event date that is no date or timestamp
   */
  learn(records: readonly Fields[]): void {
    const fresh = new Map<string, JsonNode[]>();
    for (const record of records) {
      for (const [name, value] of record) {
        if (this.#types.has(name)) continue;
        const values = fresh.get(name);
        if (values) values.push(value);
        else fresh.set(name, [value]);
      }
    }
    for (const [name, values] of fresh) this.#add(name, this.#typeOf(name, values), values);
  }

  /** Whether records had an event date before, in this load or an earlier one. */
  get knowsEventDate(): boolean {
    const { event_date } = this.#entity;
    return event_date !== null && this.#types.has(event_date);
  }

  /** The type by which a field's value is read. */
  of(name: string): string {
    return this.#types.get(name) ?? this.#typeOf(name, []);
  }

  /** The zone of a field's times that name none. Undefined: UTC. */
  zoneOf(name: string): string | undefined {
    return zoneOf(this.#entity, name);
  }

  /** The columns for the manifest, configured fields always among them. */
  columns(): Column[] {
    const { event_date, columns } = this.#entity;
    const configured = [...Object.keys(columns), ...(event_date === null ? [] : [event_date])];
    for (const name of configured) if (!this.#types.has(name)) this.#add(name, this.#typeOf(name, []));
    return [...this.#types].map(([name, type]) => ({ name, type: CATALOG_NAMES[type] ?? type }));
  }

  #typeOf(name: string, values: readonly JsonNode[]): string {
    const { cursor, event_date } = this.#entity;
    const declared = declaredType(this.#entity, name);
    if (declared !== undefined) return declared;
    return name === cursor || name === event_date ? inferTimestamp(values) : inferType(values);
  }

  #add(sent: string, type: string, values: readonly JsonNode[] = []): void {
    this.#check(sent);
    if (sent === this.#entity.event_date) checkEventDate(this.#entity, type, values);
    // A copy: a slice of a page's text would keep the whole text in memory.
    const name = Buffer.from(sent).toString();
    this.#types.set(name, type);
    this.#cases.set(name.toLowerCase(), name);
  }

  #check(name: string): void {
    const { name: entity, event_date } = this.#entity;
    const shown = JSON.stringify(name.slice(0, 80));
    const hint = `List it under exclude of ${entity} if it need not be ingested.`;
    if (METADATA_COLUMNS.some((one) => one === name.toLowerCase())) {
      throw new BronzeError('COLUMN_RESERVED', {
        message: `records of ${entity} have a field ${shown}, which Bronze adds to every record`,
        hint,
      });
    }
    if (isFolderName(name, event_date)) {
      throw new BronzeError('COLUMN_RESERVED', {
        message: `records of ${entity} have a field ${shown}, ${FOLDER_INSTEAD}`,
        hint: name === event_date ? `Leave event_date out of ${entity}: the field is then ingested.` : hint,
      });
    }
    const twin = this.#cases.get(name.toLowerCase());
    if (twin !== undefined && twin !== name) {
      throw new BronzeError('COLUMN_AMBIGUOUS', {
        message: `records of ${entity} have fields ${JSON.stringify(twin)} and ${shown}, ${ONLY_IN_CASE}`,
        hint,
      });
    }
    if (name === '' || name.includes('\u0000') || !name.isWellFormed()) {
      throw new BronzeError('COLUMN_UNSUPPORTED', {
        message: `records of ${entity} have a field named ${shown}, which can’t be the name of a column`,
        hint,
      });
    }
    if (!this.#types.has(name) && this.#types.size >= COLUMNS_MAX) {
      throw new BronzeError('COLUMN_UNSUPPORTED', {
        message: `records of ${entity} have more than ${COLUMNS_MAX} different fields`,
        hint: 'Are their keys data? Then records_path may be one level too deep or too shallow.',
      });
    }
  }
}

const FOLDER_INSTEAD = 'which is the name of a folder of the bronze files: readers would show the folder instead';
const ONLY_IN_CASE = 'which differ only in case: queries of the bronze tables could not distinguish them';

/** The narrowest type that holds all values; for mixed values `json`, which holds everything unchanged. */
export function inferType(values: readonly JsonNode[]): string {
  const kinds = new Set(values.map(kindOf));
  const [only] = kinds;
  if (kinds.size === 1 && only !== undefined) return only;
  return [...kinds].every((kind) => kind === 'bigint' || kind === 'numeric') && kinds.size > 0 ? 'numeric' : 'json';
}

function kindOf(value: JsonNode): string {
  if (typeof value === 'string') return 'text';
  if (typeof value === 'boolean') return 'boolean';
  if (value instanceof JsonNumber) return isInt64(value.text) ? 'bigint' : 'numeric';
  return 'json';
}

function isInt64(text: string): boolean {
  if (!/^(?:0|-?[1-9][0-9]{0,18})$/.test(text)) return false;
  return BigInt.asIntN(INT64, BigInt(text)) === BigInt(text);
}

/**
 * For cursor and event date: text is a date, or a timestamp no finer than microseconds, if all values are. Times that
 * name no zone are kept as they are, in a column without one.
 */
function inferTimestamp(values: readonly JsonNode[]): string {
  const texts = values.filter((value) => typeof value === 'string');
  if (texts.length < values.length) return inferType(values);
  if (texts.length > 0 && texts.every((text) => /^\d{4}-\d{2}-\d{2}$/.test(text))) return 'date';
  if (!texts.every((text) => parseTimestampText(text)?.is_exact)) return 'text';
  return texts.length > 0 && !texts.some((text) => hasZone(text)) ? 'timestamp' : 'timestamptz';
}

/**
 * The fields of a record, without those that are null or excluded. A key that occurs twice with different values holds
 * both, as a list: no value is dropped.
 */
export function fieldsOf(record: JsonObject, exclude: ReadonlySet<string>): Fields {
  const fields = new Map<string, JsonNode>();
  const repeated = new Map<string, Map<string, JsonNode>>();
  for (const [name, value] of record.entries) {
    if (value === null || exclude.has(name)) continue;
    const before = fields.get(name);
    if (before === undefined) fields.set(name, value);
    else {
      const values = repeated.get(name) ?? new Map([[canonicalJson(before), before]]);
      repeated.set(name, values.set(canonicalJson(value), value));
    }
  }
  for (const [name, values] of repeated) if (values.size > 1) fields.set(name, [...values.values()]);
  return fields;
}
