import { declaredType, renaming } from '@bronze/common/config/columns';
import { type Column, isColumnName, reservedBecause } from '@bronze/common/words/entity';
import { BronzeError, type FailureCode } from '@bronze/common/words/failure';
import { type EndpointEntity, zoneOf } from '@bronze/common/config/rest';
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
 * together with last year's. Fields go by the API's names here, and columns by their names in Bronze.
 */
export class FieldTypes {
  readonly #entity: EndpointEntity;
  readonly #types = new Map<string, string>();
  /** Fields by the name of their column, in lower case. */
  readonly #fields = new Map<string, string>();
  readonly #renamed: ReadonlyMap<string, string>;
  readonly #isNew: boolean;

  constructor(entity: EndpointEntity, known: readonly Column[]) {
    this.#entity = entity;
    const renamed = Object.entries(entity.columns).flatMap(([field, { as }]) =>
      as === undefined ? [] : [{ field, as }],
    );
    this.#renamed = new Map(renamed.map(({ field, as }) => [field, as]));
    const fields = new Map(renamed.map(({ field, as }) => [as.toLowerCase(), field]));
    const kept = known.map(({ name, type }) => ({ name, type, field: fields.get(name.toLowerCase()) ?? name }));
    this.#isNew = kept.every(({ field }) => declaredType(entity, field) !== undefined || field === entity.event_date);
    for (const { name, type, field } of kept) {
      // A column that was renamed since gives its type to its new name, unless that one has a type already.
      const isRenamedSince = this.#types.has(field) && this.nameOf(field) !== name;
      if (!entity.exclude.includes(field) && !isRenamedSince) this.#add(field, declaredType(entity, field) ?? type);
    }
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

  /** The fields whose types are known so far, from this load or an earlier one. */
  get fields(): Iterable<string> {
    return this.#types.keys();
  }

  /** The name of the field's column. */
  nameOf(field: string): string {
    return this.#renamed.get(field) ?? field;
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
    const { event_date, columns, exclude } = this.#entity;
    const declared = Object.keys(columns).filter((field) => declaredType(this.#entity, field) !== undefined);
    const configured = [...declared, ...(event_date === null ? [] : [event_date])];
    for (const field of configured) {
      if (!this.#types.has(field) && !exclude.includes(field)) this.#add(field, this.#typeOf(field, []));
    }
    return [...this.#types].map(([field, type]) => ({ name: this.nameOf(field), type: CATALOG_NAMES[type] ?? type }));
  }

  #typeOf(field: string, values: readonly JsonNode[]): string {
    const { cursor, event_date } = this.#entity;
    const declared = declaredType(this.#entity, field);
    if (declared !== undefined) return declared;
    return field === cursor || field === event_date ? inferTimestamp(values) : inferType(values);
  }

  #add(sent: string, type: string, values: readonly JsonNode[] = []): void {
    this.#check(sent);
    if (sent === this.#entity.event_date) checkEventDate(this.#entity, type, values);
    // A copy: a slice of a page's text would keep the whole text in memory.
    const field = Buffer.from(sent, 'utf16le').toString('utf16le');
    this.#types.set(field, type);
    this.#fields.set(this.nameOf(field).toLowerCase(), field);
  }

  #check(field: string): void {
    const { name: entity } = this.#entity;
    const name = this.nameOf(field);
    const because = reservedBecause(name, this.#entity);
    if (because !== undefined) this.#refuse('COLUMN_RESERVED', field, `a field ${shown(field)}, ${because}`);
    const twin = this.#fields.get(name.toLowerCase());
    if (twin !== undefined && twin !== field) {
      const twins = [twin, field].map((one) => `${shown(one)}${this.#renamed.has(one) ? ` (renamed to ${name})` : ''}`);
      const to_rename = this.#renamed.has(twin) ? twin : field;
      this.#refuse('COLUMN_AMBIGUOUS', to_rename, `fields ${twins.join(' and ')}: ${NOT_DISTINCT}`);
    }
    if (!isColumnName(name)) {
      this.#refuse('COLUMN_UNSUPPORTED', field, `a field named ${shown(field)}, which can’t be the name of a column`);
    }
    if (!this.#types.has(field) && this.#types.size >= COLUMNS_MAX) {
      throw new BronzeError('COLUMN_UNSUPPORTED', {
        message: `records of ${entity} have more than ${COLUMNS_MAX} different fields`,
        hint: 'Are their keys data? Then records_path may be one level too deep or too shallow.',
      });
    }
  }

  #refuse(code: FailureCode, field: string, what: string): never {
    const { name } = this.#entity;
    const rename = renaming(this.#entity, [field], this.#types.keys());
    throw new BronzeError(code, {
      message: `records of ${name} have ${what}`,
      hint: `Rename it on the way: ${rename}. Or list it under exclude of ${name} if it need not be ingested.`,
    });
  }
}

const SHOWN_CHARACTERS = 80;

function shown(field: string): string {
  return JSON.stringify(field.slice(0, SHOWN_CHARACTERS));
}

const NOT_DISTINCT = 'queries of the bronze tables could not distinguish names that differ only in case, or not at all';

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
