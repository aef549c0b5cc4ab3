import { BronzeError } from '../words/failure.ts';

const HIDDEN = '(hidden)';

/** Shorter ones occur in any text by chance: hiding them would leave nothing to read, and tell how they are spelled. */
const CHARACTERS_MIN = 4;

const HTML_NAMES: Readonly<Record<string, string>> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos' };

/** Base64url has other letters for these two, and may leave the padding out. */
const BASE64_LETTERS: Readonly<Record<string, string>> = { '+': '-', '/': '_' };

/**
 * The secrets that a source was read with, to hide them in what is said about it. Texts of others (an API's answer, a
 * driver's error) may repeat a secret in a spelling of their own.
 */
export class Redaction {
  readonly #patterns = new Map<string, RegExp>();

  /** Hides these too from now on. Secrets of fewer than four characters are not looked for. */
  add(...secrets: readonly string[]): void {
    for (const secret of secrets) {
      if (secret.length >= CHARACTERS_MIN && !this.#patterns.has(secret)) {
        this.#patterns.set(secret, spellingsOf(secret));
      }
    }
  }

  /** The text with every spelling of every secret hidden. Hide before cutting: half a secret is not found. */
  hide(text: string): string {
    // The longest first: a secret may be a part of another.
    const patterns = [...this.#patterns].toSorted(([one], [other]) => other.length - one.length);
    return patterns.reduce((shown, [, pattern]) => shown.replaceAll(pattern, HIDDEN), text);
  }

  /** The same failure with its texts hidden, without the error that caused it. Its stack stays a bug's only trace. */
  hideIn(thrown: unknown): unknown {
    if (thrown instanceof BronzeError) {
      const { code, message, hint, retry_after_ms } = thrown;
      return new BronzeError(code, { message: this.hide(message), hint: this.hide(hint), retry_after_ms });
    }
    if (!(thrown instanceof Error)) return this.hide(String(thrown));
    const shown = new Error(this.hide(thrown.message));
    shown.name = thrown.name;
    shown.stack = this.hide(thrown.stack ?? '');
    return shown;
  }
}

/**
 * Finds a secret as it is, in JSON, percent-encoded, in HTML and in Base64, in upper and lower case. Each character may be
 * spelled in its own way, because encoders differ in what they leave alone.
 */
function spellingsOf(secret: string): RegExp {
  const plain = [...secret].map(spellingsOfCharacter).join('');
  return new RegExp([plain, ...base64Of(secret)].join('|'), 'giu');
}

function spellingsOfCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const percent = [...Buffer.from(character)].map((byte) => `%(?:25)?${hex(byte, 2)}`).join('');
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  const json = units.map((unit) => String.raw`\\+u${hex(unit, 4)}`).join('');
  const html = [`&#0*${code};?`, `&#x0*${code.toString(16)};?`];
  const name = HTML_NAMES[character];
  const spellings = [literal(character), percent, json, ...html];
  if (name !== undefined) spellings.push(`&${name};?`);
  if (character === ' ') spellings.push(String.raw`\+`);
  // JSON puts a backslash before quotes and itself, and may before a slash.
  if (/["\\/]/.test(character)) spellings.push(String.raw`\\+` + literal(character));
  return `(?:${spellings.toReversed().join('|')})`;
}

/** A secret of Base64 may stand behind other bytes, as in `user:password`: each of three places gives other letters. */
function base64Of(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const alone = base64Pattern(bytes.toString('base64').replace(/=+$/, ''));
  const within = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    // The first and last letters share their bits with the neighbours.
    const shared = Math.ceil((before * 8) / 6);
    const whole = Math.floor(((before + bytes.length) * 8) / 6);
    return text.slice(shared, whole);
  });
  const found = within.filter((one) => one.length >= CHARACTERS_MIN).map((one) => `${base64Pattern(one)}[\\w+/-]?`);
  return [`${alone}(?:=|%3D){0,2}`, ...found.map((one) => `${one}(?:=|%3D){0,2}`)];
}

function base64Pattern(text: string): string {
  return [...text]
    .map((letter) => {
      const other = BASE64_LETTERS[letter];
      return other === undefined ? letter : `(?:${spellingsOfCharacter(letter)}|${other})`;
    })
    .join('');
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

function literal(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
}
