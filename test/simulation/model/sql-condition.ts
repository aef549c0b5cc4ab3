/** Evaluates the conditions that ship over simulated rows: just enough SQL, with PostgreSQL's three truth values. */

type Value = string | bigint | boolean | null | readonly Value[];
/** Every column, and `xmin`, as text. */
export type SqlRow = Readonly<Record<string, string | null>>;
type Expression = (row: SqlRow) => Value;

const TOKEN = /\s*(?:"([^"]+)"|'([^']*)'|(\d+)|(>=|[<>=(),&-])|(xmin::text::bigint|[A-Za-z]+))/y;

interface Token {
  readonly kind: 'column' | 'text' | 'number' | 'sign';
  readonly text: string;
}

/**
 * Compiles the text of a WHERE condition. A row passes only if the condition is true, not if it is null.
 *
 * @throws RangeError for SQL that it does not know
 */
export function compileCondition(sql: string): (row: SqlRow) => boolean {
  const condition = new Parser(tokensOf(sql)).whole();
  return (row) => condition(row) === true;
}

/** Every value is text, and an operator is what its sign says. */
function withoutTypes(sql: string): string {
  return sql.replaceAll(/::"pg_catalog"\."\w+"/g, '').replaceAll(/OPERATOR\("pg_catalog"\.(\S+?)\)/g, '$1');
}

function tokensOf(written: string): Token[] {
  const sql = withoutTypes(written);
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < sql.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(sql);
    if (!match) throw new RangeError(`unknown SQL at offset ${at}: ${sql}`);
    const [, column, text, number, sign, word] = match;
    if (column !== undefined) tokens.push({ kind: 'column', text: column });
    else if (text !== undefined) tokens.push({ kind: 'text', text });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else tokens.push({ kind: 'sign', text: sign ?? word ?? '' });
  }
  return tokens;
}

type Operator = (left: Value, right: Value) => Value;

/** The binary operators, with how tightly they bind: higher binds tighter. */
const OPERATORS: ReadonlyMap<string, readonly [tightness: number, apply: Operator]> = new Map([
  [
    'OR',
    [1, (left, right) => (left === true || right === true ? true : left === null || right === null ? null : false)],
  ],
  [
    'AND',
    [2, (left, right) => (left === false || right === false ? false : left === null || right === null ? null : true)],
  ],
  ['>=', [4, compared((order) => order >= 0)]],
  ['>', [4, compared((order) => order > 0)]],
  ['<', [4, compared((order) => order < 0)]],
  ['=', [4, compared((order) => order === 0)]],
  ['&', [5, (left, right) => (left === null || right === null ? null : wholeOf(left) & wholeOf(right))]],
  ['-', [6, (left, right) => (left === null || right === null ? null : wholeOf(left) - wholeOf(right))]],
]);
const IS_TIGHTNESS = 3;
const NAMED: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['NULL', null],
  ['TRUE', true],
  ['FALSE', false],
]);

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Expression {
    const expression = this.#expression(0);
    if (this.#at < this.#tokens.length) throw new RangeError(`unknown SQL: ${this.#sign ?? 'a value'}`);
    return expression;
  }

  get #sign(): string | undefined {
    const token = this.#tokens[this.#at];
    return token?.kind === 'sign' ? token.text : undefined;
  }

  #expression(tightness: number): Expression {
    let left = this.#operand();
    for (;;) {
      const sign = this.#sign ?? '';
      const [binding, apply] = OPERATORS.get(sign) ?? [];
      if (sign === 'IS' && IS_TIGHTNESS > tightness) left = this.#is(left);
      else if (binding !== undefined && apply && binding > tightness) {
        this.#at += 1;
        left = both(left, this.#expression(binding), apply);
      } else return left;
    }
  }

  /** `IS [NOT] NULL | TRUE` */
  #is(left: Expression): Expression {
    this.#at += 1;
    const isNot = this.#takes('NOT');
    const named = this.#name();
    return (row) => (left(row) === named) !== isNot;
  }

  #operand(): Expression {
    const token = this.#tokens[this.#at];
    if (token?.kind === 'sign' && NAMED.has(token.text)) {
      const named = this.#name();
      return () => named;
    }
    this.#at += 1;
    if (token?.kind === 'column') return ({ [token.text]: value = null }) => value;
    if (token?.kind === 'text') return () => token.text;
    if (token?.kind === 'number') return constant(BigInt(token.text));
    if (token?.text === 'xmin::text::bigint') return ({ xmin }) => (xmin ? BigInt(xmin) : null);
    if (token?.text === 'timestamptz') return this.#operand();
    if (token?.text === 'NOT') return negated(this.#expression(OPERATORS.get('AND')?.[0] ?? 0));
    if (token?.text === '(') return this.#row();
    throw new RangeError(`unknown SQL: ${token?.text ?? 'nothing'}`);
  }

  /** After an opening parenthesis: one expression, or the fields of a row. */
  #row(): Expression {
    const fields = [this.#expression(0)];
    while (this.#takes(',')) fields.push(this.#expression(0));
    if (!this.#takes(')')) throw new RangeError('unknown SQL: a ) is missing');
    const [only] = fields;
    return only && fields.length === 1 ? only : (row) => fields.map((field) => field(row));
  }

  #takes(sign: string): boolean {
    if (this.#sign !== sign) return false;
    this.#at += 1;
    return true;
  }

  #name(): Value {
    const named = NAMED.get(this.#sign ?? '');
    if (named === undefined) throw new RangeError(`unknown SQL: ${this.#sign ?? 'a value'}`);
    this.#at += 1;
    return named;
  }
}

function constant(value: Value): Expression {
  return () => value;
}

function both(left: Expression, right: Expression, apply: Operator): Expression {
  return (row) => apply(left(row), right(row));
}

function negated(expression: Expression): Expression {
  return (row) => {
    const value = expression(row);
    return value === null ? null : value !== true;
  };
}

function compared(holds: (order: number) => boolean): Operator {
  return (left, right) => {
    const order = orderOf(left, right);
    return order === null ? null : holds(order);
  };
}

/** Compares two values or rows. Null when a null makes the order unknown. */
function orderOf(left: Value, right: Value): number | null {
  if (Array.isArray(left) && Array.isArray(right)) {
    for (const [index, field] of left.entries()) {
      const order = orderOf(field as Value, (right[index] ?? null) as Value);
      if (order !== 0) return order;
    }
    return 0;
  }
  if (left === null || right === null) return null;
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function wholeOf(value: Value): bigint {
  if (typeof value === 'bigint') return value;
  throw new RangeError('unknown SQL: not a number');
}
