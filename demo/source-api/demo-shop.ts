import type { ApiRecord } from './api-record.ts';
import { ordersAfter, payments, shipments } from './shop-records.ts';
import { SourceApi } from './source-api.ts';

/** The shop's payments and shipments, which grow and change as its days pass. */
export class DemoShop {
  readonly api: SourceApi;
  readonly #days: string[];
  #known:
    | { readonly days: number; readonly payments: readonly ApiRecord[]; readonly shipments: readonly ApiRecord[] }
    | undefined;

  /** @param days when days passed before, as ISO 8601 with microseconds */
  constructor(apiKey: () => Promise<string | undefined>, days: readonly string[] = []) {
    this.#days = [...days];
    const lists = { '/payments': () => this.records().payments, '/shipments': () => this.records().shipments };
    this.api = new SourceApi({ lists, apiKey });
  }

  get days(): number {
    return this.#days.length;
  }

  /** New orders are paid for, and what was on its way arrives. */
  passDay(at = new Date()): void {
    this.#days.push(`${at.toISOString().slice(0, 23)}000Z`);
  }

  records() {
    if (this.#known?.days !== this.#days.length) {
      const orders = ordersAfter(this.#days);
      this.#known = { days: this.#days.length, payments: payments(orders), shipments: shipments(orders) };
    }
    return this.#known;
  }
}
