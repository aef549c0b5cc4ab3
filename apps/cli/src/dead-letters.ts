import type { Failure } from '@bronze/common/words/failure';
import { causesOf, describeCause } from './causes.ts';
import { plural } from './terminal/numbers.ts';

/** A dead letter of which it is known why. */
export interface ExplainedLetter {
  readonly entity: string;
  readonly failure: Failure;
  readonly failed_at_ms: number | undefined;
}

/**
 * Why entities have dead letters: a block of lines for each cause of their newest failures, with the time of the newest
 * and how many the same entities had before. Their older failures are not described: another attempt has replaced them.
 *
 * @param letters of each entity the newest first
 * @param sourceOf the source of an entity; undefined if it is not known
 * @param width as of {@link describeCause}
 */
export function deadLetterBlocks(
  letters: readonly ExplainedLetter[],
  sourceOf: (entity: string) => string | undefined,
  width: number,
): string[] {
  const byEntity = Map.groupBy(letters, ({ entity }) => entity);
  const failed = [...byEntity].flatMap(([entity, [newest]]) =>
    newest ? [{ entity, failure: newest.failure, source: sourceOf(entity) ?? '' }] : [],
  );
  return causesOf(failed).map((cause) => {
    const of = cause.entities.flatMap((entity) => byEntity.get(entity) ?? []);
    const [headline = '', ...rest] = describeCause(cause, width);
    return [
      headline,
      ...whenLine(Math.max(...of.map((one) => one.failed_at_ms ?? 0)), of.length - cause.entities.length),
      ...rest,
    ].join('\n');
  });
}

/** @param failed_at_ms 0 if it is not known */
function whenLine(failed_at_ms: number, before: number): string[] {
  const at = failed_at_ms === 0 ? '' : `at ${new Date(failed_at_ms).toISOString().slice(0, 19)}Z`;
  const more = before === 0 ? '' : `after ${plural(before, 'earlier failure')}`;
  const said = [at, more].filter((text) => text !== '').join(', ');
  return said === '' ? [] : [`  ${said}`];
}
