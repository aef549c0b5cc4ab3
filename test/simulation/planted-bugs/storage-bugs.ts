import type { PlantedBug } from './planted-bug.ts';

const DESCRIBED = 'services/extractor/src/postgres/table/described-table.ts';
const PROOF = 'services/extractor/src/postgres/window/reading-proof.ts';
const MISMATCH = 'services/extractor/src/postgres/window/position-mismatch.ts';
const WINDOW = 'services/extractor/src/postgres/window/exact-window.ts';
const CLAIM = 'services/extractor/src/postgres/window/high-watermark.ts';
const BOUNDS = 'services/extractor/src/postgres/window/bounds.ts';

/** Mistakes about what befalls a table, its database and its clock. */
export const STORAGE_BUGS: readonly PlantedBug[] = [
  {
    name: 'the table is locked by its COPY, after the snapshot',
    edits: [{ file: DESCRIBED, find: '    await session.rows(lockSql(entity, session.quoting), []);\n', put: '' }],
  },
  {
    name: 'a table that was rewritten since the claim is read by its window',
    edits: [
      {
        file: PROOF,
        find: '  if (change) return { is_exact: false, fallback: change };\n',
        put: '  if (change === null) throw row;\n',
      },
    ],
  },
  {
    name: 'a table that was swapped since the claim is read by its window',
    edits: [
      {
        file: PROOF,
        find: "  if (table.oid !== exact_window.table_oid || !table.has_xids) return { is_exact: false, fallback: 'table_changed' };\n",
        put: '',
      },
    ],
  },
  {
    name: 'another table under the name counts as the same',
    edits: [
      {
        file: MISMATCH,
        find: "  if (position.table_oid !== observation.table_oid) return 'table_changed';\n",
        put: '',
      },
    ],
  },
  {
    name: 'a rewritten table is scanned from the bound of the previous load',
    edits: [
      { file: WINDOW, find: 'return { ...position, lower_bound: null, scan_from: null };', put: 'return position;' },
    ],
  },
  {
    name: 'a rewrite that an older transaction holds back is taken for read',
    edits: [
      {
        file: WINDOW,
        find: '  const held = heldBack(claim, fallback);',
        put: '  const held = fallback && heldBack(claim, undefined);',
      },
    ],
  },
  {
    name: 'the scan of a materialized view has a bound',
    edits: [{ file: CLAIM, find: "    has_bound: table.kind !== 'm',", put: '    has_bound: true,' }],
  },
  {
    name: 'an older copy of the database is waited for like a standby',
    edits: [
      {
        file: PROOF,
        find: '    if (wal_position === null) throw notReplayed(entity);',
        put: '    if (wal_position !== undefined) throw notReplayed(entity);',
      },
    ],
  },
  {
    name: 'the clock is compared with that of the previous load alone',
    edits: [
      {
        file: BOUNDS,
        find: '  const before = known && withoutTimes(known, observation.at);',
        put: "  const before = known && 'scan_from' in known ? withoutTimes(known, observation.at) : known;",
      },
    ],
  },
  {
    name: 'an API’s Date is believed, however far ahead',
    edits: [
      {
        file: 'services/extractor/src/rest/rest-source.ts',
        find: '  const isUsable = at_ms !== undefined && at_ms <= Date.parse(now) + AHEAD_MS_MAX;',
        put: '  const isUsable = at_ms !== undefined && at_ms <= Date.parse(now) + 1e6 * AHEAD_MS_MAX;',
      },
    ],
  },
];
