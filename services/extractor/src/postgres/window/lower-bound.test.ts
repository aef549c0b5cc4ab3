import { type Timestamp, timestamp } from '@bronze/common/words/timestamp';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withObservation, type Bounds, type Observation } from './bounds.ts';

/** Transactions begin, take ids, finish and are observed, in any order. */
test('no transaction with an id from snapshot_xmin on began before the lower bound, in any history', () => {
  const step = fc.record({ who: fc.nat(5), what: fc.constantFrom('begin', 'id', 'end', 'observe') });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), fc.boolean(), (steps, seesAll) => {
      const history = new History(seesAll);
      for (const { who, what } of steps) history.step(who, what);
      const broken = history.claims.flatMap(({ xid, lower_bound }) =>
        history.ids.filter(({ id, began }) => id >= Number(xid) && lower_bound !== null && began < lower_bound),
      );
      expect(broken).toEqual([]);
    }),
    { numRuns: 3000 },
  );
});

class History {
  readonly ids: { id: number; began: Timestamp }[] = [];
  readonly claims: Bounds[] = [];
  readonly #seesAll: boolean;
  readonly #open = new Map<number, { began: Timestamp; vxid: string; ids: number[] }>();
  #minute = 0;
  #next = 100;
  /** As `snapshot_xmax`: one more than the highest id that has finished. */
  #finished = 100;

  constructor(seesAll: boolean) {
    this.#seesAll = seesAll;
  }

  step(who: number, what: 'begin' | 'id' | 'end' | 'observe'): void {
    this.#minute += 1;
    const now = timestamp(
      `2024-01-15T1${Math.floor(this.#minute / 60)}:${String(this.#minute % 60).padStart(2, '0')}:00Z`,
    );
    const one = this.#open.get(who);
    if (what === 'observe') this.#observe(now);
    else if (what === 'begin' && !one) this.#open.set(who, { began: now, vxid: `${who}/${this.#minute}`, ids: [] });
    else if (what === 'id' && one) {
      one.ids.push(this.#next);
      this.ids.push({ id: this.#next, began: one.began });
      this.#next += 1;
    } else if (what === 'end' && one) {
      this.#finished = Math.max(this.#finished, ...one.ids.map((id) => id + 1));
      this.#open.delete(who);
    }
  }

  #observe(now: Timestamp): void {
    const open = [...this.#open.values()];
    const running = open.flatMap(({ ids }) => ids.slice(0, 1)).filter((id) => id < this.#finished);
    const since = open.map(({ began }) => began).toSorted()[0] ?? now;
    const seen: Observation = {
      is_standby: false,
      wal_position: null,
      wal_writer_delay_ms: 200,
      database: 'a/00000001/5',
      table_oid: '16384',
      file_nodes: {},
      attached: [],
      basis: 'activity',
      others_since: since,
      open: [],
      at: now,
      snapshot_xmin: String(Math.min(this.#finished, ...running)),
      snapshot_xmax: String(this.#finished),
      ...(this.#seesAll
        ? {}
        : {
            basis: 'virtual_transactions',
            others_since: now,
            open: open.map(({ vxid }) => ({ id: vxid, since: null })),
          }),
    };
    this.claims.push(withObservation(this.claims.at(-1), seen));
  }
}
