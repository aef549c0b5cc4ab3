import type { PlantedBug } from './planted-bug.ts';

const START = 'packages/common/src/load/start-load.ts';
const FINISH = 'packages/common/src/load/finish-load.ts';
const CLAIM = 'services/extractor/src/postgres/window/high-watermark.ts';
const BOUNDS = 'services/extractor/src/postgres/window/bounds.ts';
const WINDOW = 'services/extractor/src/postgres/window/exact-window.ts';
const MISMATCH = 'services/extractor/src/postgres/window/position-mismatch.ts';
const XID_RANGE = 'services/extractor/src/postgres/window/xid-range.ts';
const CONDITION = 'services/extractor/src/postgres/window/window-condition.ts';
const STAGE = 'services/extractor/src/stage-slice.ts';
const LOAD_WINDOW = 'services/extractor/src/rest/records/load-window.ts';

/** Mistakes in which rows belong to a load, and in where the next load begins. */
export const WINDOW_BUGS: readonly PlantedBug[] = [
  {
    name: 'the next window begins at the snapshot’s xmax',
    edits: [{ file: WINDOW, find: 'from_xid: before.xid,', put: 'from_xid: before.next_xid,' }],
  },
  {
    name: 'the window ends at the snapshot’s xmax',
    edits: [
      {
        file: WINDOW,
        find: 'const { database, table_oid, file_nodes, xid: until_xid } = bounds;',
        put: 'const { database, table_oid, file_nodes, next_xid: until_xid } = bounds;',
      },
    ],
  },
  {
    name: 'the scan begins at the oldest transaction open at the previous claim',
    edits: [
      {
        file: BOUNDS,
        find: '  return BigInt(observation.snapshot_xmin) >= BigInt(next_xid);',
        put: '  return BigInt(observation.snapshot_xmin) >= 0n || BigInt(next_xid) >= 0n;',
      },
    ],
  },
  {
    name: 'the snapshot is taken before the list of open transactions',
    edits: [
      {
        file: CLAIM,
        find: '  const [clock] = await session.rows(CLOCK_SQL, []);',
        put: '  const [snapshot] = await session.rows(SNAPSHOT_SQL, []);\n  const [clock] = await session.rows(CLOCK_SQL, []);',
      },
      {
        file: CLAIM,
        find: '  const prepared = await session.rows(PREPARED_SQL, []);\n  const [snapshot] = await session.rows(SNAPSHOT_SQL, []);',
        put: '  const prepared = await session.rows(PREPARED_SQL, []);',
      },
    ],
  },
  {
    name: 'transactions open at the previous claim are forgotten',
    edits: [
      {
        file: BOUNDS,
        find: 'const known = before?.open_transactions ?? {};',
        put: 'const known: Record<string, Timestamp | null> = {};',
      },
    ],
  },
  {
    name: 'prepared transactions count as begun after the previous claim',
    edits: [
      {
        file: BOUNDS,
        find: "const wasListed = before.open_bound_basis === 'virtual_transactions' && !id.startsWith('prepared:');",
        put: "const wasListed = before.open_bound_basis !== 'lookback' && id !== '';",
      },
    ],
  },
  {
    name: 'transaction ids of another database are accepted',
    edits: [
      {
        file: MISMATCH,
        find: "  if (position.database !== observation.database) return 'database_changed';\n",
        put: '',
      },
    ],
  },
  {
    name: 'a full load also takes rows of the next load',
    edits: [
      {
        file: CONDITION,
        find: 'const written = is_exact ? ',
        put: "const written = is_exact && load.load_type !== 'full' ? ",
      },
    ],
  },
  {
    name: 'a full load omits new rows without a cursor',
    edits: [{ file: CONDITION, find: '  return `(${isNext}) IS NOT TRUE`;', put: '  return `NOT (${isNext})`;' }],
  },
  {
    name: 'rows’ xmin is compared without wraparound',
    edits: [
      {
        file: XID_RANGE,
        find: 'return `((xmin::text::bigint - ${BigInt(from) % LOW_BITS}) & ${LOW_BITS - 1n}) < ${width}`;',
        put: 'return `(xmin::text::bigint >= ${BigInt(from) % LOW_BITS} AND xmin::text::bigint < ${(BigInt(from) % LOW_BITS) + width})`;',
      },
    ],
  },
  {
    name: 'a slice begins after the last timestamp of the previous slice',
    edits: [
      {
        file: 'services/extractor/src/postgres/copy/keyset.ts',
        find: "  return `(${side('left')}) ${operator} (${side('right')})`;",
        put: '  return terms[0]?.is_after ?? side("left");',
      },
    ],
  },
  {
    name: 'an abandoned load moves the exact position',
    edits: [
      {
        file: FINISH,
        find: "  if (load.status === 'abandoned') return freed;",
        put: "  if (load.status === 'abandoned') return { ...freed, ...(pending_load.exact_position && { exact_position: pending_load.exact_position }) };",
      },
    ],
  },
  {
    name: 'the exact position is that of the previous load',
    edits: [
      {
        file: FINISH,
        find: '...(pending_load.exact_position && { exact_position: pending_load.exact_position }),',
        put: '...((idle.exact_position ?? pending_load.exact_position) && { exact_position: idle.exact_position ?? pending_load.exact_position }),',
      },
    ],
  },
  {
    name: 'a full load of an API omits records without a cursor',
    edits: [{ file: LOAD_WINDOW, find: '    return isFull;\n', put: '    return false;\n' }],
  },
  {
    name: 'the manifest of a slice omits its last batch',
    edits: [
      {
        file: STAGE,
        find: '    batches: staged.batches,\n    tasks: planWriteTasks(staged.batches, entity),',
        put: '    batches: staged.batches.slice(0, Math.max(1, staged.batches.length - 1)),\n    tasks: planWriteTasks(staged.batches.slice(0, Math.max(1, staged.batches.length - 1)), entity),',
      },
    ],
  },
  {
    name: 'a backfill moves the checkpoint',
    edits: [
      {
        file: FINISH,
        find: '  if (pending_load.backfill) return { ...idle, ...changed, last_backfill_id: load_id };',
        put: '',
      },
    ],
  },
  {
    name: 'a backfill begins at the checkpoint',
    edits: [{ file: START, find: 'since: from, until: to, backfill,', put: 'since: to, until: to, backfill,' }],
  },
];
