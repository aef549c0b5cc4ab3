import { type Column, METADATA_COLUMNS } from '@bronze/common/words/entity';
import { BronzeError } from '@bronze/common/words/failure';
import type { EndpointEntity } from '@bronze/common/config/rest';
import { canonicalJson, type JsonNode, JsonNumber, type JsonObject } from './json-node.ts';
import { parseTimestampText } from './parsed-timestamp.ts';

/** An API whose keys are data (`{"2024-01-15": …}`) would make a column of each. */
const COLUMNS_MAX = 2000;
const INT64 = 64;

/** A record's fields by name; null and missing are the same and not in it. */
export type Fields = ReadonlyMap<string, JsonNode>;

/** Names that PostgreSQL's catalog would print, which the manifests and `docs/types.md` use. */
const CATALOG_NAMES: Readonly<Record<string, string>> = {
  timestamptz: 'timestamp with time zone',
  timestamp: 'timestamp without time zone',
  unix_seconds: 'timestamp with time zone',
  unix_milliseconds: 'timestamp with time zone',
};

/**
 * The fields' types: as declared, else as the load before had them, else inferred from the first records that have the
 * field. A type once known stays: a part of today can be read beside one of last year.
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
    for (const { name, type } of kept)
      this.#add(name, Object.hasOwn(entity.columns, name) ? (entity.columns[name] ?? type) : type);
  }

  /** Whether nothing was known at the start: then many records should be looked at first. */
  get isNew(): boolean {
    return this.#isNew;
  }

  /** Infers the types of the fields that are not known yet. @throws BronzeError for names that bronze can't hold */
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
    for (const [name, values] of fresh) this.#add(name, this.#typeOf(name, values));
  }

  /** The type to read a field's value by. */
  of(name: string): string {
    return this.#types.get(name) ?? this.#typeOf(name, []);
  }

  /** For the manifest; what is configured is always among them. */
  columns(): Column[] {
    const { event_date, columns } = this.#entity;
    const configured = [...Object.keys(columns), ...(event_date === null ? [] : [event_date])];
    for (const name of configured) if (!this.#types.has(name)) this.#add(name, this.#typeOf(name, []));
    return [...this.#types].map(([name, type]) => ({ name, type: CATALOG_NAMES[type] ?? type }));
  }

  #typeOf(name: string, values: readonly JsonNode[]): string {
    const { cursor, event_date, columns } = this.#entity;
    const declared = Object.hasOwn(columns, name) ? columns[name] : undefined;
    if (declared !== undefined) return declared;
    return name === cursor || name === event_date ? inferMoment(values) : inferType(values);
  }

  #add(sent: string, type: string): void {
    this.#check(sent);
    // A copy: a piece of a page's text would keep the whole of it.
    const name = Buffer.from(sent).toString();
    this.#types.set(name, type);
    this.#cases.set(name.toLowerCase(), name);
  }

  #check(name: string): void {
    const { name: entity } = this.#entity;
    const shown = JSON.stringify(name.slice(0, 80));
    const hint = `Name it under exclude of ${entity}, if it need not be ingested.`;
    if (METADATA_COLUMNS.some((one) => one === name.toLowerCase())) {
      throw new BronzeError('COLUMN_RESERVED', {
        message: `records of ${entity} have a field ${shown}, which Bronze adds to every record`,
        hint,
      });
    }
    const twin = this.#cases.get(name.toLowerCase());
    if (twin !== undefined && twin !== name) {
      throw new BronzeError('COLUMN_AMBIGUOUS', {
        message: `records of ${entity} have fields ${JSON.stringify(twin)} and ${shown}, which differ only in case: queries of the bronze tables could not tell them apart`,
        hint,
      });
    }
    if (name === '' || name.includes('\u0000') || !name.isWellFormed()) {
      throw new BronzeError('COLUMN_UNSUPPORTED', {
        message: `records of ${entity} have a field named ${shown}, which no table can hold`,
        hint,
      });
    }
    if (!this.#types.has(name) && this.#types.size >= COLUMNS_MAX) {
      throw new BronzeError('COLUMN_UNSUPPORTED', {
        message: `records of ${entity} have more than ${COLUMNS_MAX} different fields`,
        hint: 'Are their keys data? Then records_path may be one level too deep or too high.',
      });
    }
  }
}

/** The narrowest type that holds all values; for anything mixed JSON, which holds everything as it is. */
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

/** Cursor and event date: a timestamp when all values are one to the microsecond, else as they come. */
function inferMoment(values: readonly JsonNode[]): string {
  const texts = values.filter((value) => typeof value === 'string');
  if (texts.length < values.length) return inferType(values);
  if (texts.length > 0 && texts.every((text) => /^\d{4}-\d{2}-\d{2}$/.test(text))) return 'date';
  return texts.every((text) => parseTimestampText(text)?.is_exact) ? 'timestamptz' : 'text';
}

/**
 * The fields of a record, without those that are null or excluded. A key that stands twice with different values holds
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
