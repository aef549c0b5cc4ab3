/** Runs after `npm run mutate`. Fails if any file is below the minimum score; Stryker checks only the total. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { SCORE_MIN } from '../../stryker.config.ts';
import { reportSchema, scoresOf } from './scores.ts';

const REPORT = join(import.meta.dirname, '../../reports/mutation/mutation.json');

const scores = scoresOf(z.parse(reportSchema, JSON.parse(readFileSync(REPORT, 'utf8'))));
const low = scores.filter(({ score }) => score < SCORE_MIN);
for (const { file, score } of low) console.error(`${file}: ${score.toFixed(1)} %, the minimum is ${SCORE_MIN} %`);
console.log(`${scores.length - low.length} of ${scores.length} files have a score of at least ${SCORE_MIN} %`);
process.exitCode = low.length > 0 ? 1 : 0;
