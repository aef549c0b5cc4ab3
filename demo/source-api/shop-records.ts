/**
 * Payments and shipments for the demo shop's orders. The orders are the rows that `demo/src/shop/*.sql` makes, computed
 * the same way.
 */
import { createHash } from 'node:crypto';
import type { ApiRecord } from './api-record.ts';

const FIRST_ORDERS = 20_000;
const ORDERS_A_DAY = 200;
/** The orders that a day adds cost 49.90 each, as in day-of-changes.sql. */
const NEW_ORDER_CENTS = 4990;
/** Of the shipped orders, only those above this number arrive when a day passes. */
const RECENT_FROM = 19_000;
const START_US = BigInt(Date.UTC(2026, 6, 1)) * 1000n;
const BETWEEN_ORDERS_US = 432_000_017n;
const DAY_US = 86_400_000_000n;
const STATUSES = ['placed', 'paid', 'shipped', 'delivered', 'delivered', 'delivered', 'returned'] as const;

/** The same as `pick()` in data.sql. */
function pick(seed: string, choices: number): number {
  return Number.parseInt(createHash('md5').update(seed).digest('hex').slice(0, 7), 16) % choices;
}

interface Order {
  readonly n: number;
  readonly status: (typeof STATUSES)[number];
  readonly cents: number;
  readonly at: string;
  readonly updated_at: string;
}

function firstOrder(n: number): Order {
  const at_us = START_US + BigInt(n) * BETWEEN_ORDERS_US;
  const nightly_us = at_us - (at_us % DAY_US) + DAY_US;
  const status = STATUSES[pick(`status${n}`, STATUSES.length)] ?? 'placed';
  return { n, status, cents: totalCents(n), at: iso(at_us), updated_at: iso(nightly_us) };
}

function totalCents(n: number): number {
  const lines = Array.from({ length: 1 + pick(`lines${n}`, 4) }, (_, index) => index + 1);
  return lines.reduce((sum, line) => {
    const product = 1 + pick(`product${n}${line}`, 400);
    return sum + (1 + pick(`quantity${n}${line}`, 4)) * (500 + pick(`price${product}`, 40_000));
  }, 0);
}

/** `2026-07-01T00:07:12.000017Z` */
function iso(at_us: bigint): string {
  const below = String(at_us % 1_000_000n).padStart(6, '0');
  return `${new Date(Number(at_us / 1000n)).toISOString().slice(0, 19)}.${below}Z`;
}

/** The shop's orders after some days have passed. @param days timestamps of each day's changes */
export function ordersAfter(days: readonly string[]): Order[] {
  const first = Array.from({ length: FIRST_ORDERS }, (_, index) => firstOrder(index + 1));
  const [day] = days;
  const delivered = first.map((order): Order => {
    const arrives = day !== undefined && order.status === 'shipped' && order.n > RECENT_FROM;
    return arrives ? { ...order, status: 'delivered', updated_at: day } : order;
  });
  const added = days.flatMap((at, index) =>
    Array.from({ length: ORDERS_A_DAY }, (_, k): Order => {
      const n = FIRST_ORDERS + index * ORDERS_A_DAY + k + 1;
      return { n, status: 'placed', cents: NEW_ORDER_CENTS, at, updated_at: at };
    }),
  );
  return [...delivered, ...added];
}

const PAYMENT_STATUS = {
  placed: 'authorized',
  paid: 'captured',
  shipped: 'captured',
  delivered: 'captured',
  returned: 'refunded',
} as const;

/** One payment for each order: amounts as decimals, references beyond 2^53, a nested card or none. */
export function payments(orders: readonly Order[]): ApiRecord[] {
  return orders.map(({ n, status, cents, at, updated_at }) => {
    const id = `pay_${String(n).padStart(8, '0')}`;
    const card = `{"brand":"${['visa', 'mastercard', 'amex'][pick(`brand${n}`, 3)]}","last4":"${String(pick(`last4${n}`, 10_000)).padStart(4, '0')}"}`;
    const json =
      `{"id":"${id}","order_id":${n},"provider_reference":${9_007_199_254_740_993n + BigInt(n)},` +
      `"amount":${decimal(cents, 2)},"fee":${decimal(cents * 29, 5)},"currency":"${pick(`currency${n}`, 6) === 0 && n <= FIRST_ORDERS ? 'SEK' : 'EUR'}",` +
      `"status":"${PAYMENT_STATUS[status]}","card":${pick(`method${n}`, 5) === 0 ? 'null' : card},` +
      `"is_live":true,"created_at":"${at}","updated_at":"${updated_at}"}`;
    return { id, updated_at, json };
  });
}

/** One shipment for each order that has left the warehouse. */
export function shipments(orders: readonly Order[]): ApiRecord[] {
  const sent = orders.filter(({ status }) => status !== 'placed' && status !== 'paid');
  return sent.map(({ n, status, at, updated_at }) => {
    const id = `shp_${String(n).padStart(8, '0')}`;
    const carrier = ['DHL', 'UPS', 'PostNord', 'Poczta Polska'][pick(`carrier${n}`, 4)];
    const json =
      `{"id":"${id}","order_id":${n},"carrier":"${carrier}","tracking_number":"${pick(`track${n}`, 100_000_000)}",` +
      `"weight_kg":${decimal(pick(`parcel${n}`, 9000), 3)},"parcels":[{"count":${1 + pick(`parcels${n}`, 3)}}],` +
      `"note":"","shipped_at":"${at}","delivered_at":${status === 'shipped' ? 'null' : `"${updated_at}"`},"updated_at":"${updated_at}"}`;
    return { id, updated_at, json };
  });
}

/** `12.340` for 12340 and 3 places. */
function decimal(units: number, places: number): string {
  const digits = String(units).padStart(places + 1, '0');
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`;
}
