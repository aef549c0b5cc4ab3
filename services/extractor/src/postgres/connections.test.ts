import type { PipelineEvent } from '@bronze/common/load/events';
import type { Deadline } from '@bronze/common/ports/clock';
import { toFailure } from '@bronze/common/words/failure';
import { timestamp } from '@bronze/common/words/timestamp';
import { describe, expect, test } from 'vitest';
import { type ConnectionPolicy, Connections } from './connections.ts';
import type { Asking, Session } from './database.ts';

const refused = () => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
const denied = () => Object.assign(new Error('password authentication failed'), { code: '28P01' });
const tooMany = () => Object.assign(new Error('too many connections for role "narrow"'), { code: '53300' });

interface Options {
  readonly max_connections?: number;
  readonly policy?: Partial<ConnectionPolicy>;
  /** What the n-th attempt, counted from 1, meets. Undefined: it connects. */
  readonly meets?: (attempt: number, state: { readonly open: number; readonly now_ms: number }) => Error | undefined;
}

/** A source whose clock moves by sleeping only, and lets everything else go on meanwhile. */
function sourceWith({ max_connections = 2, policy, meets }: Options = {}) {
  const state = { attempts: 0, open: 0, most: 0, now_ms: 0 };
  const events: PipelineEvent[] = [];
  const slept: number[] = [];
  const clock = {
    now: () => timestamp(new Date(Date.UTC(2024, 0, 15) + state.now_ms).toISOString()),
    sleep: async (ms: number) => {
      slept.push(ms);
      const until_ms = state.now_ms + ms;
      await new Promise(setImmediate);
      state.now_ms = Math.max(state.now_ms, until_ms);
    },
  };
  const database = {
    open: async (): Promise<Session> => {
      state.attempts += 1;
      const met = meets?.(state.attempts, state);
      await new Promise(setImmediate);
      if (met) throw met;
      state.open += 1;
      state.most = Math.max(state.most, state.open);
      return {
        quoting: { identifier: (name) => name, literal: (text) => text },
        rows: async () => [],
        copy: () => ({ chunks: (async function* () {})(), rowCount: async () => 0 }),
        close: async () => {
          await new Promise(setImmediate);
          state.open -= 1;
        },
      };
    },
  };
  const connections = new Connections({
    source: 'db',
    database,
    config: { max_connections },
    policy: { retry_for_ms: 60_000, remembers_refusals: true, ...policy },
    clock,
    log: { event: (event) => void events.push(event) },
  });
  const open = (asking: Partial<Asking> = {}) => connections.open({ entity: 'orders', ...asking });
  return { open, state, events, slept };
}

const use = async (open: (asking?: Partial<Asking>) => Promise<Session>) => {
  const session = await open();
  await session.rows('', []);
  await session.close();
};

describe('the limit of a source', () => {
  test.each([1, 2, 3])('of %i holds for everything that connects, and all of it gets through', async (limit) => {
    const { open, state } = sourceWith({ max_connections: limit });
    await Promise.all(Array.from({ length: 20 }, () => use(open)));
    expect(state).toMatchObject({ attempts: 20, most: limit, open: 0 });
  });

  test('serves first who asked first', async () => {
    const { open } = sourceWith({ max_connections: 1 });
    const served: number[] = [];
    const all = Array.from({ length: 10 }, async (_, n) => {
      const session = await open();
      served.push(n);
      await session.close();
    });
    await Promise.all(all);
    expect(served).toEqual(all.map((_, n) => n));
  });

  test('counts a connection until it is closed, once, also if closing fails', async () => {
    const { open } = sourceWith({ max_connections: 1 });
    const first = await open();
    let isSecondOpen = false;
    const second = open().then((session) => {
      isSecondOpen = true;
      return session;
    });
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    expect(isSecondOpen).toBe(false);
    await first.close();
    await first.close();
    const third = open();
    await (await second).close();
    await (await third).close();
  });

  test('counts no attempt that failed', async () => {
    const { open, state } = sourceWith({
      max_connections: 1,
      policy: { remembers_refusals: false },
      meets: (attempt) => (attempt === 1 ? denied() : undefined),
    });
    await expect(open()).rejects.toMatchObject({ code: 'SOURCE_DENIED' });
    await use(open);
    expect(state.attempts).toBe(2);
  });

  test('lets others run while something waits, and ends the wait with the invocation', async () => {
    const { open } = sourceWith({ max_connections: 1 });
    const first = await open();
    const told: boolean[] = [];
    let asked = 0;
    const deadline: Deadline = {
      isNear: () => (asked += 1) > 10_000,
      remainingMs: () => Infinity,
      waits: (isWaiting) => void told.push(isWaiting),
    };
    // It waited for over half an hour, and that is no failure of the source.
    await expect(open({ deadline })).rejects.toMatchObject({ code: 'SOURCE_TIMEOUT', kind: 'transient' });
    expect(told).toEqual([true, false]);
    await first.close();
    await use(open);
  });

  test('is lowered to what the server allows, when it has less for Bronze than Bronze has', async () => {
    const { open, state, events } = sourceWith({
      max_connections: 3,
      meets: (_, { open: others }) => (others >= 1 ? tooMany() : undefined),
    });
    await Promise.all(Array.from({ length: 6 }, () => use(open)));
    expect(state).toMatchObject({ most: 1, open: 0 });
    expect(events).toMatchObject([{ kind: 'connections_lowered', source: 'db', max_connections: 1 }]);
  });
});

describe('a log-in that is refused', () => {
  test('is tried once in a run, whoever asks, and fails all alike', async () => {
    const { open, state } = sourceWith({ max_connections: 4, meets: denied });
    const failures = await Promise.all(Array.from({ length: 6 }, () => open().then(() => undefined, toFailure)));
    expect(state.attempts).toBe(1);
    expect(new Set(failures.map((failure) => JSON.stringify(failure))).size).toBe(1);
    expect(failures[0]).toMatchObject({
      code: 'SOURCE_DENIED',
      message: 'connecting to db: password authentication failed (SQLSTATE 28P01)',
    });
    await expect(open()).rejects.toMatchObject({ code: 'SOURCE_DENIED' });
    expect(state.attempts).toBe(1);
  });

  test('is tried again by a function, whose process outlives the mistake', async () => {
    const { open, state } = sourceWith({ policy: { remembers_refusals: false }, meets: denied });
    await expect(open()).rejects.toMatchObject({ code: 'SOURCE_DENIED' });
    await expect(open()).rejects.toMatchObject({ code: 'SOURCE_DENIED' });
    expect(state.attempts).toBe(2);
  });

  test('is tried by one alone until the first succeeds', async () => {
    const { open, state } = sourceWith({ max_connections: 4 });
    const all = Promise.all(Array.from({ length: 4 }, () => open()));
    await new Promise(setImmediate);
    expect(state.attempts).toBe(1);
    await all;
    expect(state.most).toBe(4);
  });
});

describe('a server that is away', () => {
  test('is waited for with growing pauses, and says so once', async () => {
    const { open, state, slept, events } = sourceWith({
      meets: (_, { now_ms }) => (now_ms < 40_000 ? refused() : undefined),
    });
    await use(open);
    expect(state.now_ms).toBeGreaterThanOrEqual(40_000);
    expect(state.now_ms).toBeLessThan(45_000);
    expect(state.attempts).toBe(13);
    expect(Math.max(...slept)).toBe(200);
    expect(events).toMatchObject([
      {
        kind: 'source_waiting',
        source: 'db',
        entity: 'orders',
        wait_seconds_max: 60,
        failure: { code: 'SOURCE_UNREACHABLE', message: 'connecting to db: connect ECONNREFUSED' },
      },
      { kind: 'source_reached', source: 'db' },
    ]);
  });

  test('is given up after that time, for all that wait, and then tried once a second at most', async () => {
    const { open, state } = sourceWith({ policy: { retry_for_ms: 10_000 }, meets: refused });
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => open()));
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set(['rejected']));
    expect(state.now_ms - 10_000).toBeLessThan(1000);
    const { attempts } = state;
    await expect(open()).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE', kind: 'transient' });
    expect(state.attempts).toBe(attempts);
    state.now_ms += 1000;
    await expect(open()).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
    expect(state.attempts).toBe(attempts + 1);
  });

  test('has its full time again after a success, and after a long silence', async () => {
    const away = { now: true };
    const { open, state } = sourceWith({
      policy: { retry_for_ms: 10_000 },
      meets: (_, { now_ms }) => (away.now && !(now_ms >= 9000 && now_ms < 12_000) ? refused() : undefined),
    });
    await use(open);
    state.now_ms = 20_000;
    await expect(open()).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
    expect(state.now_ms).toBe(30_000);
    state.now_ms += 301_000;
    await expect(open()).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
    expect(state.now_ms).toBe(341_000);
    state.now_ms += 1000;
    away.now = false;
    await use(open);
  });

  test('is not waited for with retry_for 0', async () => {
    const { open, state, slept } = sourceWith({ policy: { retry_for_ms: 0 }, meets: refused });
    await expect(open()).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
    expect([state.attempts, slept]).toEqual([1, []]);
  });

  test('is not waited for beyond the invocation, and others run meanwhile', async () => {
    const { open, state } = sourceWith({ meets: refused });
    const told: boolean[] = [];
    const deadline: Deadline = {
      isNear: () => state.now_ms >= 2000,
      remainingMs: () => Infinity,
      waits: (isWaiting) => void told.push(isWaiting),
    };
    await expect(open({ deadline })).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
    expect(state.now_ms).toBeLessThanOrEqual(2200);
    expect([told[0], told.at(-1)]).toEqual([true, false]);
  });

  test.each([
    ['starts up', '57P03'],
    ['shuts down', '57P01'],
    ['has too many connections', '53300'],
    ['resets the connection', 'ECONNRESET'],
    ['has no socket file', 'ENOENT'],
  ])('or %s is waited for', async (_, code) => {
    const { open, state } = sourceWith({
      meets: (attempt) => (attempt < 4 ? Object.assign(new Error('no'), { code }) : undefined),
    });
    await use(open);
    expect(state.attempts).toBe(4);
  });
});
