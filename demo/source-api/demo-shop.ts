import { MovingList } from './api-record.ts';
import { moveList } from './move-list.ts';
import { ordersAfter, payments, shipments } from './shop-records.ts';
import { SourceApi } from './source-api.ts';

interface Lists {
  readonly payments: MovingList;
  readonly shipments: MovingList;
}

/** The shop's payments and shipments, which grow and change as its days pass. */
export class DemoShop {
  readonly api: SourceApi;
  readonly #days: string[];
  #lists: Lists;

  /** @param days timestamps of the days that have passed already, as ISO 8601 with microseconds */
  constructor(apiKey: () => Promise<string | undefined>, days: readonly string[] = []) {
    this.#days = [...days];
    this.#lists = listsAfter(this.#days);
    this.api = new SourceApi({
      lists: { '/payments': () => this.lists.payments, '/shipments': () => this.lists.shipments },
      apiKey,
      move: (path, how) => moveList(path === '/payments' ? this.lists.payments : this.lists.shipments, how),
    });
  }

  get days(): number {
    return this.#days.length;
  }

  get lists(): Lists {
    return this.#lists;
  }

  /** A day passes: new orders are paid for, and what was on its way arrives. @param at the time of all its changes */
  passDay(at = new Date()): void {
    this.#days.push(`${at.toISOString().slice(0, 23)}000Z`);
    this.#lists = listsAfter(this.#days);
  }
}

function listsAfter(days: readonly string[]): Lists {
  const orders = ordersAfter(days);
  return { payments: new MovingList(payments(orders)), shipments: new MovingList(shipments(orders)) };
}
