import { BronzeError } from '@bronze/common/words/failure';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { entityWith } from '../endpoint.fixtures.ts';
import { JsonNumber, JsonObject } from '../records/json-node.ts';
import type { PageStep, RawPage } from './page-step.ts';
import { walkPages } from './page-walk.ts';
import { SeenRecords } from './seen-records.ts';

interface Listed {
  readonly id: number;
  readonly version: number;
}

/** What happens to the list before an answer; `place` is a fraction of its length. */
type Move = { readonly kind: 'none' | 'delete' | 'update' | 'insert'; readonly place: number };

/** A list that moves with every request can't be read to its end: after this many it stops moving. */
const MOVES_MAX = 300;

/** What a server has instead of an empty page behind the last: a refusal, or the last page again. */
type End = 'empty' | 'refused' | 'repeated';

/** A list that moves before each answer, on a server that never gives more than `cap` records. */
class MovingServer {
  readonly touched = new Set<number>();
  list: Listed[];
  requests = 0;
  #fresh = 10_000;
  readonly #moves: Iterator<Move>;
  readonly #cap: number;

  constructor(length: number, cap: number, moves: Iterator<Move>) {
    this.list = Array.from({ length }, (_, id) => ({ id, version: 0 }));
    this.#cap = cap;
    this.#moves = moves;
  }

  fetch(from: number, size: number, end: End = 'empty'): Listed[] | 'refused' {
    this.requests += 1;
    if (this.requests > 2000) throw new Error('reading does not end');
    if (this.requests <= MOVES_MAX) this.#move(this.#moves.next().value ?? { kind: 'none', place: 0 });
    const granted = Math.min(size, this.#cap);
    if (from > 0 && from >= this.list.length && end === 'refused') return 'refused';
    const last = Math.max(0, Math.ceil(this.list.length / granted) - 1) * granted;
    const start = end === 'repeated' ? Math.min(from, last) : from;
    return this.list.slice(start, start + granted);
  }

  #move({ kind, place }: Move): void {
    const index = Math.floor(place * this.list.length);
    const one = this.list[index];
    if (kind === 'insert') this.list.splice(index, 0, this.#add());
    if (!one || kind === 'none' || kind === 'insert') return;
    this.touched.add(one.id);
    this.list.splice(index, 1);
    if (kind === 'update') this.list.push({ id: one.id, version: one.version + 1 });
  }

  #add(): Listed {
    this.touched.add((this.#fresh += 1));
    return { id: this.#fresh, version: 0 };
  }
}

function recordOf({ id, version }: Listed): JsonObject {
  return new JsonObject([
    ['id', new JsonNumber(String(id))],
    ['version', new JsonNumber(String(version))],
  ]);
}

const nameOf = (record: JsonObject) => record.entries.map(([, value]) => (value as JsonNumber).text).join(':');

interface Reading {
  readonly server: MovingServer;
  readonly style: 'offset' | 'page';
  readonly size: number;
  /** A slice ends after this many steps. */
  readonly steps: number;
  readonly end?: End;
}

const REFUSED: RawPage = {
  records: [],
  next: undefined,
  characters: 0,
  refused: { status: 400, error: new BronzeError('SOURCE_REJECTED', { message: 'no such page', hint: '' }) },
};

/** Reads to the end, slice by slice; undefined if reading fails because the list moved too much. */
async function readAll({ server, style, size, steps, end }: Reading): Promise<string[] | undefined> {
  const entity = entityWith({ paging: { style, size } });
  const read: string[] = [];
  let start = '';
  let carried: readonly string[] = [];
  for (;;) {
    const seen = new SeenRecords(entity, carried);
    const fetch = async (token: string, other_size?: number): Promise<RawPage> => {
      const asked = other_size ?? size;
      const from = style === 'offset' ? Number(token || '0') : (Number(token || '1') - 1) * asked;
      const listed = server.fetch(from, asked, end);
      return listed === 'refused' ? REFUSED : { records: listed.map(recordOf), next: undefined, characters: 0 };
    };
    let last: PageStep | undefined;
    let count = 0;
    try {
      for await (const step of walkPages({
        entity,
        seen,
        start,
        fetch,
        onImpliedEnd: () => undefined,
        isBeyond: (one) => server.touched.has(Number(nameOf(one).split(':')[0])),
      })) {
        read.push(...step.records.map(nameOf));
        last = step;
        if ((count += 1) >= steps) break;
      }
    } catch (thrown) {
      if (thrown instanceof BronzeError) return undefined;
      throw thrown;
    }
    if (last?.next === undefined) return read;
    start = last.next;
    carried = seen.carried();
  }
}

const moveOf = (...kinds: Move['kind'][]) =>
  fc.record({
    kind: fc.constantFrom<Move['kind']>('none', ...kinds),
    place: fc.double({ min: 0, max: 0.999, noNaN: true }),
  });

function holds(style: Reading['style'], moves: fc.Arbitrary<Move>, end: End = 'empty') {
  const setting = fc.record({
    length: fc.nat(60),
    size: fc.integer({ min: 2, max: 9 }),
    steps: fc.integer({ min: 1, max: 5 }),
  });
  return fc.asyncProperty(
    setting,
    fc.infiniteStream(moves),
    fc.integer({ min: 2, max: 9 }),
    async (one, stream, granted) => {
      const cap = style === 'page' ? one.size : granted;
      const server = new MovingServer(one.length, cap, stream);
      const read = await readAll({ server, style, size: one.size, steps: one.steps, end });
      if (!read) return;
      expect(new Set(read).size).toBe(read.length);
      const still = Array.from({ length: one.length }, (_, id) => id).filter((id) => !server.touched.has(id));
      expect(read).toEqual(expect.arrayContaining(still.map((id) => `${id}:0`)));
    },
  );
}

test.each([
  ['offset', 'nothing moves', moveOf()],
  ['offset', 'records are deleted, changed and inserted', moveOf('delete', 'update', 'insert')],
  ['page', 'nothing moves', moveOf()],
  ['page', 'records are deleted and changed', moveOf('delete', 'update')],
  ['page', 'records are inserted', moveOf('insert')],
] as const)(
  'paging by %s while %s neither loses nor repeats a record that is not touched',
  async (style, what, moves) => {
    await fc.assert(holds(style, moves), { numRuns: what === 'nothing moves' ? 100 : 400 });
  },
);

test.each([
  ['page', 'refused'],
  ['page', 'repeated'],
  ['offset', 'refused'],
  ['offset', 'repeated'],
] as const)('paging by %s, where the page behind the last is %s, loses nothing either', async (style, end) => {
  await fc.assert(holds(style, moveOf('delete', 'update', ...(style === 'offset' ? ['insert' as const] : [])), end), {
    numRuns: 50,
  });
});

test.each([
  ['page', 'refused'],
  ['page', 'repeated'],
  ['offset', 'refused'],
  ['offset', 'repeated'],
] as const)(
  'paging by %s, where the page behind the last is %s: any list that stands still is read',
  async (style, end) => {
    const lengths = { length: fc.integer({ min: 1, max: 60 }), size: fc.integer({ min: 2, max: 9 }), steps: fc.nat(4) };
    await fc.assert(
      fc.asyncProperty(fc.record(lengths), async ({ length, size, steps }) => {
        const server = new MovingServer(length, size, [].values());
        const read = await readAll({ server, style, size, steps: steps + 1, end });
        expect(read).toEqual(Array.from({ length }, (_, id) => `${id}:0`));
      }),
      { numRuns: 60 },
    );
  },
);

test('a list that shrinks for one request and grows again is not mistaken for one that has ended', async () => {
  const kinds = ['insert', 'none', 'insert', 'delete', 'insert'] as const;
  const server = new MovingServer(3, 2, kinds.map((kind) => ({ kind, place: 0 })).values());
  const read = await readAll({ server, style: 'offset', size: 2, steps: 8 });
  expect(read).toEqual(expect.arrayContaining(['0:0', '1:0', '2:0']));
});
