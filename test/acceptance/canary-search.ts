import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';

/** Each begins and ends with the same word, so that no half of it escapes. */
export const KEY = `Wombat+1/2=&<k"x'Wombat`;
export const TOKEN = 'Quokka/%7E?&>t;Quokka';
export const PASSWORD = 'Okapi@:/#p&"w Okapi';
/** In the path of an API's URL. */
export const PATH = 'Dugong+1=&7:w~Dugong';
/** Nothing else that a run writes has these letters. Two more would still be a part of a secret. */
const CANARY = /womb|quok|okap|dugo/i;

/** Where the text shows a part of a secret, in any spelling. Undefined: nowhere. */
export function showsASecret(text: string): string | undefined {
  for (const reading of readingsOf(text)) {
    const at = reading.search(CANARY);
    if (at >= 0) return reading.slice(Math.max(0, at - 80), at + 40);
  }
  return undefined;
}

/** The text as it is, and as whoever knows an encoding would read it. */
function readingsOf(text: string): string[] {
  const percent = text.replaceAll(/%(?:25)*([0-9a-f]{2})/gi, (_, hex: string) => characterOf(hex, 16));
  const plain = [text, percent].map((one) =>
    one
      .replaceAll(/\\+u([0-9a-f]{4})/gi, (_, hex: string) => characterOf(hex, 16))
      .replaceAll(/&#0*(\d+);/g, (_, code: string) => characterOf(code, 10)),
  );
  const letters = [text, percent].flatMap((one) => one.match(/[\w+/-]{8,}/g) ?? []);
  const decoded = letters.flatMap((one) =>
    [0, 1, 2, 3].map((from) => Buffer.from(one.slice(from), 'base64').toString('latin1')),
  );
  return [...plain, decoded.join('\n')];
}

function characterOf(digits: string, radix: number): string {
  return String.fromCharCode(parseInt(digits, radix));
}

/** Everything in a folder, by path; what is compressed as it was before. Empty if there is no such folder. */
export async function filesIn(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const body = await readFile(path);
    const plain = entry.name.endsWith('.zst') ? zstdDecompressSync(body) : body;
    files.set(path, `${path}\n${plain.toString('latin1')}`);
  }
  return files;
}
