import * as z from 'zod/mini';

/** The fields of Stryker's report that are read: https://github.com/stryker-mutator/mutation-testing-elements */
export const reportSchema = z.object({
  files: z.record(z.string(), z.object({ mutants: z.array(z.object({ status: z.string() })) })),
});
export type MutationReport = z.infer<typeof reportSchema>;

export interface FileScore {
  readonly file: string;
  /** In per cent, from 0 to 100. */
  readonly score: number;
}

const NOTICED: ReadonlySet<string> = new Set(['Killed', 'Timeout']);
/** As in Stryker's own scores, mutants with an error and ignored ones count neither way. */
const MISSED: ReadonlySet<string> = new Set(['Survived', 'NoCoverage']);

/** The score of each file. A file without a mutant that counts has none. */
export function scoresOf(report: MutationReport): FileScore[] {
  return Object.entries(report.files).flatMap(([file, { mutants }]) => {
    const noticed = mutants.filter(({ status }) => NOTICED.has(status)).length;
    const counted = noticed + mutants.filter(({ status }) => MISSED.has(status)).length;
    return counted === 0 ? [] : [{ file, score: (100 * noticed) / counted }];
  });
}
