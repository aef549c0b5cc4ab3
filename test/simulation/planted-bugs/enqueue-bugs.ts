import type { PlantedBug } from './planted-bug.ts';

const EXTRACT = 'services/extractor/src/extract-load.ts';
const ENQUEUE_NEXT = 'services/extractor/src/enqueue-next.ts';
const PLAN = 'services/planner/src/plan-run.ts';

/** Mistakes in which messages are sent, and in keeping entities independent of each other. */
export const ENQUEUE_BUGS: readonly PlantedBug[] = [
  {
    name: 'every delivery resends the missing tasks of all slices',
    edits: [
      {
        file: EXTRACT,
        find: ' request.load_id === load.load_id ? (request.slice ?? 0) : 0;',
        put: ' 0;',
      },
    ],
  },
  {
    name: 'a continuation names the slice after the one it is for',
    edits: [{ file: ENQUEUE_NEXT, find: 'slice: slice.slice + 1 }', put: 'slice: slice.slice + 2 }' }],
  },
  {
    name: 'each continuation is sent twice',
    edits: [
      {
        file: ENQUEUE_NEXT,
        find: '  await ports.requests.send([{ ...next, ...(backfill && { backfill }), ...(run_id && { run_id }) }]);',
        put: `  await ports.requests.send([{ ...next, ...(backfill && { backfill }), ...(run_id && { run_id }) }]);
  await ports.requests.send([{ ...next, ...(backfill && { backfill }), ...(run_id && { run_id }) }]);`,
      },
    ],
  },
  {
    name: 'a waiting request is sent twice',
    edits: [
      {
        file: 'packages/common/src/load/complete-load.ts',
        find: '  if (waiting) await ports.requests.send([waiting]);',
        put: '  if (waiting) await ports.requests.send([waiting]);\n  if (waiting) await ports.requests.send([waiting]);',
      },
    ],
  },
  {
    name: 'helpers ignore receipts',
    edits: [
      {
        file: ENQUEUE_NEXT,
        find: '  await ports.writes.send(messages.filter(({ slice, task }) => missing.has(taskName(slice, task))));',
        put: '  if (missing.size >= 0) await ports.writes.send(messages);',
      },
    ],
  },
  {
    name: 'the planner sends nothing',
    edits: [
      {
        file: PLAN,
        find: '  await ports.requests.send(sent.map((load) => toRequest(load, run_id, input)));',
        put: '  if (planned.length < 0) await ports.requests.send(sent.map((load) => toRequest(load, run_id, input)));',
      },
    ],
  },
  {
    name: 'the planner asks for each entity twice',
    edits: [
      {
        file: PLAN,
        find: '  await ports.requests.send(sent.map((load) => toRequest(load, run_id, input)));',
        put: '  await ports.requests.send([...planned, ...planned].map((load) => toRequest(load, run_id, input)));',
      },
    ],
  },
  {
    name: 'the planner omits entities that have never been loaded',
    edits: [
      {
        file: PLAN,
        find: '    chosen.map(async (entity): Promise<PlannedLoad> => {',
        put: '    chosen.filter(({ name }) => checkpoints.has(name)).map(async (entity): Promise<PlannedLoad> => {',
      },
    ],
  },
  {
    name: 'one unreadable checkpoint stops the planner',
    edits: [
      {
        file: 'packages/common/src/load/checkpoint-file.ts',
        find: '[entity, z.safeParse(checkpointSchema, entry).data]',
        put: '[entity, decodeEntry(entity, entry)]',
      },
    ],
  },
];
