import { declaredType, settingsOf, written } from '@bronze/common/config/columns';
import { nearest } from '@bronze/common/config/mistakes';
import type { EndpointEntity } from '@bronze/common/config/rest';
import { BronzeError } from '@bronze/common/words/failure';
import type { JsonObject } from './json-node.ts';

/** As many field names as a message can hold. */
const SHOWN_FIELDS = 50;

/**
 * Notices that no record has a field that the configuration names, not even as null: its name is wrong, or it is nested.
 * Those are the event date and renamed fields.
 */
export class FieldPresence {
  readonly #entity: EndpointEntity;
  readonly #names = new Set<string>();
  readonly #unseen: Set<string>;

  /** @param isKnown whether earlier records had a field: then these may lack it, as they may if its type is declared */
  constructor(entity: EndpointEntity, isKnown: (field: string) => boolean) {
    this.#entity = entity;
    const { event_date, columns } = entity;
    const named = [...(event_date === null ? [] : [event_date]), ...Object.keys(columns)];
    this.#unseen = new Set(named.filter((field) => declaredType(entity, field) === undefined && !isKnown(field)));
  }

  see(records: readonly JsonObject[]): void {
    for (const { entries } of this.#unseen.size === 0 ? [] : records) {
      for (const [name] of entries) {
        this.#unseen.delete(name);
        if (this.#names.size < SHOWN_FIELDS) this.#names.add(name);
      }
    }
  }

  /** @throws BronzeError COLUMN_MISSING if there were records, and none had a field. Later records may lack it */
  check(): void {
    const [field] = this.#unseen;
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
