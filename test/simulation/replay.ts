export type Replay =
  | { readonly kind: 'seed'; readonly number: number; readonly faults_max: number | undefined }
  | { readonly kind: 'case'; readonly number: number };

/**
 * Prints the event log of one world.
 *
 * @returns whether the world breaks a law
 * @throws RangeError when the exhaustive mode has no case of this number
 */
export async function replay(asked: Replay): Promise<boolean> {
  const { lines, violation, digest } = await play(asked);
  for (const line of lines) console.log(line);
  console.log(violation ? `${violation.law} is broken: ${violation.what}` : `all laws hold; digest ${digest}`);
  return violation !== undefined;
}

async function play(asked: Replay) {
  // Imported here, not at the top: a planted bug changes only modules that are loaded after it.
  const { simulateSeed } = await import('./simulate-seed.ts');
  if (asked.kind === 'seed') return simulateSeed(asked.number, asked.faults_max);
  const { allCases, playCase } = await import('./exhaustive.ts');
  const one = (await allCases())[asked.number];
  if (!one) throw new RangeError(`there is no case ${asked.number}`);
  return playCase(one);
}
