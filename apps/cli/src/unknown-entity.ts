import { nearest } from '@bronze/common/config/mistakes';
import { BronzeError } from '@bronze/common/words/failure';
import { withoutUrls } from './report-failure.ts';

/** An entity that somebody named, and that is not among those that are known in that place, as ENTITY_UNKNOWN. */
export function unknownEntity(name: string, place: string, known: readonly string[]): BronzeError {
  const near = nearest(name, known);
  const there =
    known.length > 0 ? `Entities there: ${known.toSorted().join(', ')}.` : 'No entity was ever loaded there.';
  return new BronzeError('ENTITY_UNKNOWN', {
    message: `there is nothing of an entity ${JSON.stringify(withoutUrls(name).slice(0, 80))} in ${place}`,
    hint: near === undefined ? there : `Did you mean ${near}? ${there}`,
  });
}

/**
 * The entities that somebody named, each once; all that are known if nobody named any.
 *
 * @throws BronzeError ENTITY_UNKNOWN for a name that is not known
 */
export function chosen(names: readonly string[], known: readonly string[], place: string): readonly string[] {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw unknownEntity(unknown, place, known);
  return names.length > 0 ? [...new Set(names)] : known;
}
