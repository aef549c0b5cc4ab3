/**
 * JSON as it was sent (decision 14): numbers keep their digits, and objects keep every key in its order, including
 * `__proto__` and duplicates. `JSON.parse` rounds integers above 2^53 and decimals, and silently drops the first of two
 * equal keys.
 */
export type JsonNode = null | boolean | string | JsonNumber | readonly JsonNode[] | JsonObject;

export class JsonNumber {
  /** As sent: `12.340`, `9007199254740993`, `1E400`. */
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type JsonEntry = readonly [key: string, value: JsonNode];

export class JsonObject {
  readonly entries: readonly JsonEntry[];
  constructor(entries: readonly JsonEntry[]) {
    this.entries = entries;
  }

  /** The value of a key; the last one if the key occurs several times. */
  get(key: string): JsonNode | undefined {
    return this.entries.findLast(([name]) => name === key)?.[1];
  }
}

/** Deeper nesting is not data, but an attack on the parser's stack. */
const DEPTH_MAX = 200;

/** @throws SyntaxError for anything but one JSON value (RFC 8259). It names the position and never shows the text */
export function parseJson(text: string): JsonNode {
  return new Parser(text).whole();
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const SPACE = /[ \t\n\r]*/y;
// oxlint-disable-next-line no-control-regex -- JSON forbids exactly these in a string
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const LITERALS = { t: ['true', true], f: ['false', false], n: ['null', null] } as const;

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): JsonNode {
    const value = this.#value();
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#unexpected();
    return value;
  }

  #value(): JsonNode {
    this.#skipSpace();
    const letter = this.#text[this.#at];
    switch (letter) {
      case '{':
        return new JsonObject(this.#list('}', () => this.#entry()));
      case '[':
        return this.#list(']', () => this.#value());
      case '"':
        return this.#string();
      case 't':
      case 'f':
      case 'n': {
        const [word, value] = LITERALS[letter];
        if (!this.#text.startsWith(word, this.#at)) throw this.#unexpected();
        this.#at += word.length;
        return value;
      }
      default:
        return this.#number();
    }
  }

  #list<T>(close: string, item: () => T): T[] {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) throw new SyntaxError(`nested more than ${DEPTH_MAX} deep`);
    this.#at += 1;
    const items: T[] = [];
    for (this.#skipSpace(); this.#text[this.#at] !== close; this.#skipSpace()) {
      if (items.length > 0) this.#expect(',');
      items.push(item());
    }
    this.#at += 1;
    this.#depth -= 1;
    return items;
  }

  #entry(): JsonEntry {
    this.#skipSpace();
    const key = this.#string();
    this.#skipSpace();
    this.#expect(':');
    return [key, this.#value()];
  }

  #string(): string {
    const start = this.#at;
    this.#expect('"');
    let isPlain = true;
    for (;;) {
      this.#skip(PLAIN);
      const letter = this.#text[this.#at];
      if (letter === '"') break;
      if (letter !== '\\') throw this.#unexpected();
      isPlain = false;
      this.#at += 2;
    }
    this.#at += 1;
    const raw = this.#text.slice(start, this.#at);
    // For an invalid escape JSON.parse throws a SyntaxError of its own, which shows a piece of the text.
    return isPlain ? raw.slice(1, -1) : this.#unescape(raw);
  }

  #unescape(raw: string): string {
    try {
      return JSON.parse(raw) as string;
    } catch {
      throw this.#unexpected();
    }
  }

  #number(): JsonNumber {
    const start = this.#at;
    this.#skip(NUMBER);
    if (this.#at === start) throw this.#unexpected();
    return new JsonNumber(this.#text.slice(start, this.#at));
  }

  #skipSpace(): void {
    // Usually there is none, and a pattern costs more than checking one character.
    if (this.#text.charCodeAt(this.#at) <= 0x20) this.#skip(SPACE);
  }

  #skip(pattern: RegExp): void {
    pattern.lastIndex = this.#at;
    if (pattern.test(this.#text)) this.#at = pattern.lastIndex;
  }

  #expect(letter: string): void {
    if (this.#text[this.#at] !== letter) throw this.#unexpected();
    this.#at += 1;
  }

  #unexpected(): SyntaxError {
    const where = this.#at >= this.#text.length ? 'it ends too early' : `unexpected at character ${this.#at}`;
    return new SyntaxError(`not JSON: ${where}`);
  }
}

/** The one text for a value: no spaces, keys sorted by their UTF-8 bytes, digits and repeated keys as sent. */
export function canonicalJson(node: JsonNode): string {
  if (node === null || typeof node === 'boolean') return String(node);
  if (typeof node === 'string') return JSON.stringify(node);
  if (node instanceof JsonNumber) return node.text;
  if (node instanceof JsonObject) {
    const sorted = node.entries.toSorted(([a], [b]) => compareBytes(a, b));
    return `{${sorted.map(([key, value]) => `${JSON.stringify(key)}:${canonicalJson(value)}`).join(',')}}`;
  }
  return `[${node.map(canonicalJson).join(',')}]`;
}

const BEYOND_PLAIN = /[\ud800-\uffff]/;

/** Compares by UTF-8 bytes. UTF-16 units give the same order if there are no surrogates and nothing above them. */
export function compareBytes(a: string, b: string): number {
  if (BEYOND_PLAIN.test(a) || BEYOND_PLAIN.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The node at a path such as `data.items`. A key that has dots itself, such as `@odata.nextLink`, is found too. */
export function nodeAt(node: JsonNode, path: string): JsonNode | undefined {
  if (!(node instanceof JsonObject)) return undefined;
  const own = node.get(path);
  if (own !== undefined) return own;
  for (let dot = path.indexOf('.'); dot !== -1; dot = path.indexOf('.', dot + 1)) {
    const below = node.get(path.slice(0, dot));
    const found = below === undefined ? undefined : nodeAt(below, path.slice(dot + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}
