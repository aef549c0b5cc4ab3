import { createInterface } from 'node:readline/promises';

/** Asks on the terminal. Where nobody can answer, the answer is no. */
export async function isConfirmed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false;
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await asking.question(`${question}. Go on? (y/N) `)).trim());
  } finally {
    asking.close();
  }
}
