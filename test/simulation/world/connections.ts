import type { Deadline } from '@bronze/common/ports/clock';
import { toFailure } from '@bronze/common/words/failure';
import { timestamp } from '@bronze/common/words/timestamp';
import { Connections } from '@bronze/extractor/postgres/connections';
import type { Session } from '@bronze/extractor/postgres/database';
import type { Random } from '../../random.ts';
import { Server, type ServerOptions } from '../model/sim-server.ts';
import { Appointments } from './appointments.ts';

const RETRY_FOR_MS = 5000;
/** Long after everything is over, unless something waits for ever. */
const HORIZON_MS = 200_000;
/** A nap, and an attempt under way. */
const STOP_MS = 300;

export interface PlayedConnections {
  /** What is wrong; undefined if nothing is. */
  readonly broken: string | undefined;
  readonly lines: readonly string[];
}

interface Drawn {
  readonly server: ServerOptions;
  readonly max_connections: number;
  /** When the run is stopped. */
  readonly stop_ms: number;
  /** For each entity when it first asks, and how long it keeps each of its connections. */
  readonly entities: readonly { readonly asks_ms: number; readonly keeps_ms: readonly number[] }[];
}

/** One asking for a connection. */
interface Asked {
  readonly entity: string;
  readonly asked_ms: number;
  ended_ms?: number;
  /** The order in which connections were given. */
  place?: number;
  failure?: ReturnType<typeof toFailure>;
}

/** Entities of one source that want connections at random times, in one run, of a server that is troubled at random. */
export async function playConnections(random: Random): Promise<PlayedConnections> {
  const drawn = draw(random);
  const appointments = new Appointments();
  const server = new Server(drawn.server, appointments, random);
  const connections = new Connections({
    source: 'db',
    database: server,
    config: drawn,
    policy: { retry_for_ms: RETRY_FOR_MS, remembers_refusals: true },
    clock: {
      now: () => timestamp(new Date(Date.UTC(2024, 0, 15) + appointments.now_ms).toISOString()),
      sleep: (ms) => appointments.sleep(ms),
    },
    log: { event: ({ kind }) => void server.lines.push(`${appointments.now_ms} ms ${kind}`) },
  });
  const isNear = () => appointments.now_ms >= drawn.stop_ms;
  const all: Asked[] = [];
  let places = 0;
  const ask = async (entity: string, deadline: Deadline): Promise<Session | undefined> => {
    const asked: Asked = { entity, asked_ms: appointments.now_ms };
    all.push(asked);
    try {
      const session = await connections.open({ entity, deadline });
      asked.place = places += 1;
      return session;
    } catch (thrown) {
      asked.failure = toFailure(thrown);
      return undefined;
    } finally {
      asked.ended_ms = appointments.now_ms;
    }
  };
  for (const [number, { asks_ms, keeps_ms }] of drawn.entities.entries()) {
    void (async () => {
      await appointments.sleep(asks_ms);
      for (const keep_ms of keeps_ms) {
        if (isNear()) return;
        const session = await ask(`entity ${number}`, { isNear, remainingMs: () => Infinity });
        if (!session) return;
        await appointments.sleep(keep_ms);
        await session.close();
      }
    })();
  }
  await appointments.keep(HORIZON_MS);
  const ended = all.map(({ entity, asked_ms, ended_ms, failure }) => {
    return `${entity} asked at ${asked_ms} ms, ended at ${ended_ms} ms: ${failure?.code ?? 'connected'}`;
  });
  return { broken: judge(drawn, server, all), lines: [...server.lines, ...ended] };
}

function draw(random: Random): Drawn {
  const kind = random.weighted({ troubled: 5, 'wrong password': 1, down: 1 });
  const outages = drawOutages(random, kind);
  const most = random.between(1, 4);
  return {
    server: {
      connections_max: random.between(1, 4),
      outages,
      isPasswordWrong: kind === 'wrong password',
      mayHave: most,
    },
    max_connections: most,
    stop_ms: random.chance(0.25) ? random.between(0, 20_000) : Infinity,
    entities: Array.from({ length: random.between(1, 6) }, () => ({
      asks_ms: random.between(0, 300),
      keeps_ms: Array.from({ length: random.between(1, 3) }, () => random.between(1, random.pick([50, 3000, 9000]))),
    })),
  };
}

function drawOutages(random: Random, kind: 'troubled' | 'wrong password' | 'down'): ServerOptions['outages'] {
  let from = random.between(0, 4000);
  if (kind === 'down') return [[0, Infinity]];
  const outages: [number, number][] = [];
  if (kind === 'wrong password') return outages;
  // A server comes back before it is given up, and stays for long enough to be found.
  while (random.chance(0.6) && from < 40_000) {
    const to = from + random.between(100, RETRY_FOR_MS - 1000);
    outages.push([from, to]);
    from = to + random.between(6000, 9000);
  }
  return outages;
}

function judge(drawn: Drawn, server: Server, all: readonly Asked[]): string | undefined {
  const isStopped = drawn.stop_ms !== Infinity;
  return (
    server.broken ??
    all.map((asked) => judgeOne(drawn, asked)).find((what) => what !== undefined) ??
    (drawn.server.isPasswordWrong && server.attempts > 1 ? `${server.attempts} log-ins were tried` : undefined) ??
    (isStopped || drawn.server.outages.length > 0 ? undefined : judgeOrder(drawn, all))
  );
}

function judgeOne({ server, stop_ms }: Drawn, asked: Asked): string | undefined {
  const { entity, asked_ms, ended_ms, failure } = asked;
  if (ended_ms === undefined) return `${entity} waits for ever`;
  if (ended_ms > Math.max(stop_ms, asked_ms) + STOP_MS) return `${entity} went on waiting after the stop`;
  const isDown = server.outages[0]?.[1] === Infinity;
  if (isDown && ended_ms - asked_ms > RETRY_FOR_MS + STOP_MS) return `${entity} waited too long`;
  const isExpected = isDown || server.isPasswordWrong || ended_ms >= stop_ms;
  return failure && !isExpected ? `${entity} failed for nothing: ${failure.code}` : undefined;
}

/** First come, first served. More than one at a time may overtake each other on their way. */
function judgeOrder({ max_connections, server }: Drawn, all: readonly Asked[]): string | undefined {
  if (max_connections > 1 || server.isPasswordWrong) return undefined;
  const isOrdered = all.every(({ place = 0 }, index) => place > (all[index - 1]?.place ?? 0));
  return isOrdered ? undefined : 'who asked first was not served first';
}
