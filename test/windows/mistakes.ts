import type { HighWatermark, ExactWatermark } from '@bronze/common/load/high-watermark';
import type { PendingLoad } from '@bronze/common/load/checkpoint';
import type { Claim, Source } from '@bronze/common/load/source';
import { minusSeconds, type Timestamp, timestamp } from '@bronze/common/words/timestamp';
import { BronzeLoader, type Tampering } from './bronze-loader.ts';
import type { OpenLoader, Reading } from './loader.ts';
import { type Wishes, wishesOf } from './draw-schedule.ts';
import { ruleWith } from './sql-loaders.ts';

/** A planted mistake that the harness must catch. */
export interface Mistake {
  readonly what: string;
  readonly openLoader: OpenLoader;
  /** Whether it can show in a schedule; undefined: it can in all that load tables. */
  readonly shows?: (wishes: Wishes) => boolean;
  /** Whether so few schedules show it that a test of every change would be long: the night plays it. */
  readonly isRare?: boolean;
}

export const MISTAKES: readonly Mistake[] = [
  {
    what: 'the scan begins at the start of the oldest transaction open at the previous claim',
    isRare: true,
    openLoader: planted((reading) => cutting(({ position }, margin) => scanFrom(position.open_bound, margin), reading)),
    shows: ({ relay, role }) => relay && role === 'stats',
  },
  {
    what: 'the scan begins at the previous claim and ignores open transactions',
    openLoader: planted((reading) => cutting(({ position }, margin) => scanFrom(position.looked_at, margin), reading)),
  },
  {
    what: 'the scan allows no margin for application clocks',
    isRare: true,
    openLoader: planted((reading) => cutting(({ position }) => scanFrom(position.lower_bound, 0), reading)),
  },
  {
    what: 'transactions open at the previous claim are forgotten',
    openLoader: planted(() => ({ source: (source) => wrapped(source, { claim: forgetful }) })),
    shows: ({ long }) => long,
  },
  {
    what: 'the next window begins at the snapshot’s xmax instead of its xmin',
    openLoader: planted(() => ({
      source: (source) =>
        wrapped(source, {
          watermark: (exact) => ({ ...exact, position: { ...exact.position, xid: exact.position.next_xid } }),
        }),
    })),
  },
  {
    what: 'a full load also takes rows of the next load',
    openLoader: planted(() => ({
      source: (source) =>
        wrapped(source, {
          watermark: (exact) => ({ ...exact, window: { ...exact.window, next_scan_from: timestamp('9999-12-31') } }),
        }),
    })),
  },
  {
    what: 'a slice begins after the last timestamp of the previous slice and drops ties',
    isRare: true,
    openLoader: planted(() => ({ source: withoutTies })),
  },
  {
    what: 'an abandoned load moves the exact position',
    isRare: true,
    openLoader: planted(() => ({
      finished: (checkpoint, { exact_position }) =>
        exact_position && checkpoint.exact_position && checkpoint.last_sync_timestamp
          ? { ...checkpoint, exact_position: { ...exact_position, at: checkpoint.last_sync_timestamp } }
          : checkpoint,
    })),
  },
  {
    what: 'the file nodes of the table are not part of the position',
    isRare: true,
    openLoader: planted(() => ({ source: (source) => wrapped(source, { watermark: withoutFiles }) })),
    shows: ({ remade, view }) => remade && !view,
  },
  {
    what: 'the scan of a materialized view has a bound',
    openLoader: planted((reading) =>
      cutting(({ position }, margin) => scanFrom(position.lower_bound, margin), reading),
    ),
    shows: ({ view }) => view,
  },
  {
    what: 'the window ends at the snapshot’s xmax instead of its xmin',
    openLoader: ruleWith('xmax_as_end'),
    shows: isPlain,
  },
  {
    what: 'rows are selected by pg_visible_in_snapshot(xmin)',
    openLoader: ruleWith('row_in_snapshot'),
    shows: isPlain,
  },
  { what: 'the high watermark is read after the rows', openLoader: ruleWith('cut_after_reading'), shows: isPlain },
];

/** The seeds of schedules in which it can show. */
export function seedsThatShow({ shows }: Mistake, seeds: readonly number[]): number[] {
  const isShown = shows ?? (({ view }) => !view);
  return seeds.filter((seed) => isShown(wishesOf(seed)));
}

/** A rule of plain SQL loses the rows of remade tables with or without a mistake. */
function isPlain({ remade }: Wishes): boolean {
  return !remade;
}

function planted(tamperingWith: (reading: Reading) => Tampering): OpenLoader {
  return async (reading) => new BronzeLoader(reading, tamperingWith(reading));
}

interface Wrapping {
  readonly claim?: (claim: Claim) => Claim;
  readonly watermark?: (exact: ExactWatermark) => ExactWatermark;
  readonly open?: (load: PendingLoad, position: Position) => Position;
}

type Position = Parameters<Source['openSlice']>[2]['position'];

function wrapped(source: Source, { claim, watermark, open }: Wrapping): Source {
  return {
    system: source.system,
    readHighWatermark: async (entity, asked): Promise<HighWatermark> => {
      const got = await source.readHighWatermark(entity, claim?.(asked) ?? asked);
      return got.exact && watermark ? { ...got, exact: watermark(got.exact) } : got;
    },
    openSlice: (entity, load, start) =>
      source.openSlice(entity, load, { ...start, position: open ? open(load, start.position) : start.position }),
  };
}

function cutting(
  scanOf: (exact: ExactWatermark, margin_seconds: number) => Timestamp | null,
  { schedule }: Reading,
): Tampering {
  const watermark = (exact: ExactWatermark): ExactWatermark => {
    const scan_from = scanOf(exact, schedule.clock_margin_seconds);
    const { window, position } = exact;
    return { ...exact, window: { ...window, next_scan_from: scan_from }, position: { ...position, scan_from } };
  };
  return { source: (source) => wrapped(source, { watermark }) };
}

function scanFrom(bound: Timestamp | null, margin_seconds: number): Timestamp | null {
  return bound && minusSeconds(bound, margin_seconds);
}

function forgetful(claim: Claim): Claim {
  const { exact_position } = claim;
  return exact_position ? { ...claim, exact_position: { ...exact_position, open_transactions: {} } } : claim;
}

function withoutFiles({ window, position, ...exact }: ExactWatermark): ExactWatermark {
  const { file_nodes: _, ...bare } = window;
  const { file_nodes: __, ...rest } = position;
  return { ...exact, window: bare, position: rest };
}

const LATEST_ID = String(2n ** 63n - 1n);

/** Drops ties in tables whose key is one number; others are read correctly. */
function withoutTies(source: Source): Source {
  return wrapped(source, {
    open: (load, position) => {
      const [cursor, ...key] = position?.values ?? [];
      const isTied = load.load_type === 'incremental' && cursor !== undefined && key.length === 1;
      return position && isTied ? { ...position, values: [cursor, LATEST_ID] } : position;
    },
  });
}
