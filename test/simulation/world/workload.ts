import { type Config, type ConfigInput, defineConfig } from '@bronze/common/config';
import type { Poison } from './facts.ts';
import type { Random } from '../../random.ts';

/** The actions that happen in a world besides its messages, with their relative frequency. */
const WEIGHTS = {
  plan: 6,
  ask: 4,
  'ask full': 1,
  change: 8,
  wait: 2,
  'wait weeks': 0.5,
  rest: 0,
  die: 1,
  redrive: 2,
  replay: 2,
  abandon: 0.3,
  backfill: 0,
  edit: 2,
} as const;
export type Action = keyof typeof WEIGHTS;

export interface PlannedEntity {
  readonly name: string;
  readonly kind: 'table' | 'api';
  readonly rows: number;
  readonly poison: Poison | undefined;
  /** Whether an API filters by its `since` parameter. */
  readonly heedsSince: boolean;
  /** Whether a table's rows carry `xmin`, so that its windows are exact. */
  readonly isExact: boolean;
  /** Whether it is a materialized view. */
  readonly isMaterialized: boolean;
}

export interface Workload {
  readonly config: Config;
  readonly entities: readonly PlannedEntity[];
  readonly actions: readonly Action[];
  /** How many keys one page of an object listing has. */
  readonly page_keys: number;
  /** The chance that a source changes between two calls of an invocation that reads it. */
  readonly stir_chance: number;
  readonly extractors: number;
  readonly writers: number;
  /** The longest time that a sent message stays hidden. */
  readonly delay_ms_max: number;
  /** Whether dead messages are redriven three weeks after everything has come to rest. */
  readonly isRedrivenLate: boolean;
}

const POISONS: readonly Poison[] = ['source denied', 'checkpoint unreadable', 'part foreign', 'batch corrupt'];
const TIED_SHARE = 0.012;
const TIED_ROWS_MIN = 2000;

/** The worlds with backfills are told by their seeds, and drawn by numbers of their own, so that the others stay as they are. */
const SEEDS_WITH_BACKFILLS: ReadonlySet<number> = new Set([0, 17, 18]);

/** The same workload, in three worlds of twenty with one to three backfills after it, among changes and requests. */
export function withBackfills(workload: Workload, seed: number, random: Random): Workload {
  if (!SEEDS_WITH_BACKFILLS.has(seed % 20)) return workload;
  const last: Action[] = ['change', 'ask', 'change', 'plan'];
  for (let left = random.between(1, 3); left > 0; left -= 1) last.splice(random.between(0, last.length), 0, 'backfill');
  return { ...workload, actions: [...workload.actions, ...last] };
}

/** Draws a small world: one to three entities of a few slices each, and two to seven actions. */
export function drawWorkload(random: Random): Workload {
  const names = ['orders', 'customers', 'payments'].slice(0, random.between(1, 3));
  // A poisoned entity is never alone: its healthy neighbours must not notice.
  const poisoned = names.length > 1 && random.chance(0.3) ? random.between(0, names.length - 1) : -1;
  const entities = names.map((name, index): PlannedEntity => {
    const kind = random.chance(0.2) ? 'api' : 'table';
    const rows = drawRows(kind, random);
    const poison = index === poisoned ? random.pick(POISONS) : undefined;
    const isExact = random.chance(0.6);
    const isMaterialized = isExact && random.chance(0.12);
    return { name, kind, rows, poison, heedsSince: random.chance(0.7), isExact, isMaterialized };
  });
  return {
    config: defineConfig({
      sources: { db: { type: 'postgres', url: 'unused' }, web: { type: 'rest', base_url: 'https://api.example' } },
      entities: Object.fromEntries(entities.map((entity) => [entity.name, settingsOf(entity, random)])),
    }),
    entities,
    actions: ['plan', ...drawActions(random)],
    page_keys: random.pick([1, 2, 3, 1000]),
    stir_chance: random.pick([0, 0.1, 0.2, 0.4]),
    extractors: random.between(1, 3),
    writers: random.between(1, 4),
    delay_ms_max: random.pick([0, 10, 60_000]),
    isRedrivenLate: random.chance(0.15),
  };
}

/** A few tables are a tie of 2,000 to 2,500 rows that all have one cursor value. */
function drawRows(kind: PlannedEntity['kind'], random: Random): number {
  if (kind === 'table' && random.chance(TIED_SHARE)) return random.between(TIED_ROWS_MIN, TIED_ROWS_MIN + 500);
  return random.chance(0.1) ? 0 : random.between(1, 20);
}

function drawActions(random: Random): Action[] {
  return Array.from({ length: random.between(1, 6) }, () => random.weighted(WEIGHTS));
}

function settingsOf({ kind, rows }: PlannedEntity, random: Random): ConfigInput['entities'][string] {
  const event_date = random.chance(0.5) ? 'day' : null;
  const scale = rows < TIED_ROWS_MIN ? 1 : 100;
  const limits = {
    batch_rows: scale * random.between(1, 6),
    task_rows: scale * random.between(2, 12),
    slice_rows: scale * random.between(4, 20),
  };
  if (kind === 'table') return { source: 'db', table: 'public.things', event_date, ...limits };
  const size = random.between(2, 8);
  const columns = { amount: 'text', fits: 'text', id: 'text', updated_at: 'text', version: 'text' };
  return {
    source: 'web',
    endpoint: '/things',
    records_path: 'data',
    primary_key: ['id'],
    paging: random.chance(0.5) ? { style: 'cursor', size } : { style: 'offset', size: Math.max(3, size) },
    columns,
    ...limits,
  };
}

/** Two tables, three slices, several write tasks, a request that waits: small enough for every fault at every call. */
export function smallWorkload(): Workload {
  const limits = { batch_rows: 2, task_rows: 4, slice_rows: 6 };
  const table = (name: string, rows: number): PlannedEntity => {
    return {
      name,
      kind: 'table',
      rows,
      poison: undefined,
      heedsSince: true,
      isExact: name === 'orders',
      isMaterialized: false,
    };
  };
  return {
    config: defineConfig({
      sources: { db: { type: 'postgres', url: 'unused' } },
      entities: {
        orders: { source: 'db', table: 'public.orders', event_date: 'day', ...limits },
        customers: { source: 'db', table: 'public.customers', ...limits },
      },
    }),
    entities: [table('orders', 13), table('customers', 2)],
    actions: ['plan', 'ask', 'rest', 'change', 'ask'],
    page_keys: 2,
    stir_chance: 0,
    extractors: 3,
    writers: 2,
    delay_ms_max: 0,
    isRedrivenLate: false,
  };
}
