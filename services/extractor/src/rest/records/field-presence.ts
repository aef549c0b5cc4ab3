import { declaredType, settingsOf, written } from '@bronze/common/config/columns';
import { nearest } from '@bronze/common/config/mistakes';
import type { EndpointEntity } from '@bronze/common/config/rest';
import { BronzeError } from '@bronze/common/words/failure';
import type { JsonObject } from './json-node.ts';

/** As many field names as a message can hold. */
const SHOWN_FIELDS = 50;

/**
 * Notices which fields no record has, not even as null.
 *
 * If the configuration names such a field, as event date or to rename it, its name is wrong, or it is nested.
 */
export class FieldPresence {
  readonly #entity: EndpointEntity;
  readonly #names = new Set<string>();
  /** Fields that earlier records had or the configuration names, and no record so far. */
  readonly #unseen: Set<string>;
  /** Those that some record must have. */
  readonly #required: readonly string[];
  #isEmpty = true;

  /** @param known fields that earlier records had: these may lack them, as they may if their type is declared */
  constructor(entity: EndpointEntity, known: Iterable<string>) {
    this.#entity = entity;
    const { event_date, columns } = entity;
    const named = [...(event_date === null ? [] : [event_date]), ...Object.keys(columns)];
    const earlier = new Set(known);
    this.#unseen = new Set([...earlier, ...named]);
    this.#required = named.filter((field) => declaredType(entity, field) === undefined && !earlier.has(field));
  }

  see(records: readonly JsonObject[]): void {
    if (records.length > 0) this.#isEmpty = false;
    for (const { entries } of this.#unseen.size === 0 ? [] : records) {
      for (const [name] of entries) {
        this.#unseen.delete(name);
        if (this.#names.size < SHOWN_FIELDS) this.#names.add(name);
      }
    }
  }

  /** Fields that no record had, without excluded ones; undefined if there were no records. */
  get unseen(): readonly string[] | undefined {
    return this.#isEmpty ? undefined : [...this.#unseen].filter((field) => !this.#entity.exclude.includes(field));
  }

  /** @throws BronzeError COLUMN_MISSING if there were records, and none had a field. Later records may lack it */
  check(): void {
    const field = this.#required.find((one) => this.#unseen.has(one));
    if (field === undefined || this.#names.size === 0) return;
    const { name, event_date } = this.#entity;
    const isDate = field === event_date;
    const near = nearest(field, [...this.#names]);
    const declared = written(field, { ...settingsOf(this.#entity, field), type: isDate ? 'timestamptz' : 'text' });
    throw new BronzeError('COLUMN_MISSING', {
      message: `no record of ${name} has the field ${field}, ${isDate ? 'its event_date' : 'which columns renames'}`,
      hint: `${near === undefined ? '' : `Did you mean ${near}? `}Records have: ${[...this.#names].join(', ')}. A nested field can’t serve. Change ${isDate ? 'event_date' : 'columns'} of ${name}, or leave it out. If records may lack it, declare its type: columns: { ${declared} }.`,
    });
  }
}
