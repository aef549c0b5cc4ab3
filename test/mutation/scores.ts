import * as z from 'zod/mini';

/** What is read of Stryker's report: https://github.com/stryker-mutator/mutation-testing-elements */
export const reportSchema = z.object({
  files: z.record(z.string(), z.object({ mutants: z.array(z.object({ status: z.string() })) })),
});
export type MutationReport = z.infer<typeof reportSchema>;

export interface FileScore {
  readonly file: string;
  /** In per cent. */
  readonly score: number;
}

const NOTICED: ReadonlySet<string> = new Set(['Killed', 'Timeout']);
/** Errors and what is ignored count neither way, as in Stryker's own scores. */
const MISSED: ReadonlySet<string> = new Set(['Survived', 'NoCoverage']);

/** Files without a change that counts have no score. */
export function scoresOf(report: MutationReport): FileScore[] {
  return Object.entries(report.files).flatMap(([file, { mutants }]) => {
    const noticed = mutants.filter(({ status }) => NOTICED.has(status)).length;
    const counted = noticed + mutants.filter(({ status }) => MISSED.has(status)).length;
    return counted === 0 ? [] : [{ file, score: (100 * noticed) / counted }];
  });
}
