import type { PlantedBug } from './planted-bug.ts';

const COMPLETE = 'packages/common/src/load/complete-load.ts';
const CHECKPOINT = 'packages/common/src/load/checkpoint.ts';
const FINISH = 'packages/common/src/load/finish-load.ts';
const EXTRACT = 'services/extractor/src/extract-load.ts';
const ENQUEUE_NEXT = 'services/extractor/src/enqueue-next.ts';
const STAGE = 'services/extractor/src/stage-slice.ts';
const WRITE = 'services/writer/src/write-task.ts';
const CONVERT = 'services/writer/src/convert-task.ts';

/** Mistakes in what is sent, staged and written. */
export const DATA_BUGS: readonly PlantedBug[] = [
  {
    name: 'message acknowledged before the send',
    edits: [
      {
        file: ENQUEUE_NEXT,
        find: '  await ports.writes.send(writeMessages(slice));',
        put: '  void ports.writes.send(writeMessages(slice));',
      },
    ],
  },
  {
    name: 'sending failures ignored',
    edits: [
      {
        file: ENQUEUE_NEXT,
        find: '  await ports.writes.send(writeMessages(slice));',
        put: '  await ports.writes.send(writeMessages(slice)).catch(() => undefined);',
      },
    ],
  },
  {
    name: 'helpers send the last slice’s tasks only',
    edits: [
      {
        file: ENQUEUE_NEXT,
        find: '  const messages = slices.flatMap(writeMessages);',
        put: '  const messages = slices.slice(-1).flatMap(writeMessages);',
      },
    ],
  },
  {
    name: 'only requests for another load resend missing tasks',
    edits: [{ file: EXTRACT, find: '(request.slice ?? 0)', put: 'Infinity' }],
  },
  {
    name: 'a decided load is not finished',
    edits: [{ file: EXTRACT, find: '  if (record) return finishSwap(ports, record);', put: '  if (record) return;' }],
  },
  {
    name: 'a waiting request is never sent',
    edits: [
      {
        file: COMPLETE,
        find: '  if (waiting) await ports.requests.send([waiting]);',
        put: '  if (waiting) await ports.requests.send([]);',
      },
    ],
  },
  {
    name: 'listing stops after the first page',
    edits: [
      {
        file: 'packages/common/src/ports/list-pages.ts',
        find: '    from = next;',
        put: '    from = undefined;\n    void next;',
      },
    ],
  },
  {
    name: 'paging stops at a page without records of the window',
    edits: [
      {
        file: 'services/extractor/src/rest/rest-slice.ts',
        find: '    for (const record of records) unread.push(fieldsOf(record, exclude));',
        put: `    for (const record of records) unread.push(fieldsOf(record, exclude));
    if (records.length === 0) {
      batch.endPage({ ...step, next: undefined });
      break;
    }`,
      },
    ],
  },
  {
    name: 'pages don’t overlap',
    edits: [
      {
        file: 'services/extractor/src/rest/pages/offset-walk.ts',
        find: '      if (from === 0 || isAnchored(this.#walk, page)) return { from, page };',
        put: '      if (from >= 0 || isAnchored(this.#walk, page)) return { from, page };',
      },
    ],
  },
  {
    name: 'the position’s timestamp is truncated to milliseconds, like a Date',
    edits: [
      {
        file: STAGE,
        find: '    position: position ?? undefined,',
        put: `    position: position
      ? { ...position, values: position.values.map((value) => value.replace(/^(\\d{4}-.+\\.\\d{3})\\d{3}Z$/, '$1000Z')) }
      : undefined,`,
      },
    ],
  },
  {
    name: 'staging removed by age',
    edits: [
      {
        file: 'packages/common/src/load/remove-staging.ts',
        find: '  if (!record) return undefined;\n',
        put: '  if (!isOld && !record) return undefined;\n',
      },
      {
        file: 'packages/common/src/load/remove-staging.ts',
        find: 'removeStaging(objects: ObjectStore, load: LoadKey)',
        put: 'removeStaging(objects: ObjectStore, load: LoadKey, isOld = false)',
      },
      {
        file: 'packages/common/src/load/remove-staging.ts',
        find: '  const load_id = checkpoint?.pending_load',
        put: `  const { now } = (ports as never as { clock: { now(): string } }).clock;
  const pending = checkpoint?.pending_load;
  const isOld = pending !== undefined && Date.parse(now()) - Date.parse(pending.ingested_at) > 24 * 3_600_000;
  if (pending && isOld) return void (await removeStaging(ports.objects, { entity, load_id: pending.load_id }, true));
  const load_id = checkpoint?.pending_load`,
      },
    ],
  },
  {
    name: 'staging removed without a load record',
    edits: [
      {
        file: 'packages/common/src/load/remove-staging.ts',
        find: '  if (!record) return undefined;\n',
        put: '',
      },
      {
        file: 'packages/common/src/load/remove-staging.ts',
        find: 'checkpoint?.pending_load ? checkpoint.pending_load.previous_load_id : checkpoint?.last_load_id',
        put: 'checkpoint?.pending_load?.load_id',
      },
    ],
  },
  {
    name: 'batches of all attempts under one prefix',
    edits: [{ file: STAGE, find: '  const attempt = ports.attempts.next();', put: "  const attempt = 'attempt';" }],
  },
  {
    name: 'the position of the previous slice is forgotten',
    edits: [{ file: STAGE, find: '    position: position ?? undefined,', put: '    position: undefined,' }],
  },
  {
    name: 'window moves with each attempt',
    edits: [
      {
        file: STAGE,
        find: '  const reader = await ports.source.openSlice(entity, load, {',
        put: `  const { until } = await ports.source.readHighWatermark(entity, { since: load.since, deadline: ports.deadline });
  const reader = await ports.source.openSlice(entity, { ...load, until }, {`,
      },
    ],
  },
  {
    name: 'a watermark below the checkpoint steps back',
    edits: [
      {
        file: CHECKPOINT,
        find: '  const until = latest(start.watermark.until, synced);',
        put: '  const until = start.watermark.until;',
      },
      { file: FINISH, find: 'latest(load.until, idle.last_sync_timestamp ?? EPOCH)', put: 'load.until' },
    ],
  },
  {
    name: 'an abandoned load moves the checkpoint',
    edits: [{ file: FINISH, find: "  if (load.status === 'abandoned') return freed;\n", put: '' }],
  },
  {
    name: 'a slice has at most three write tasks',
    edits: [
      {
        file: 'packages/common/src/load/slice-manifest.ts',
        find: '  return tasks.map(({ first_batch, batch_count, rows }) => ({ first_batch, batch_count, rows }));',
        put: '  return tasks.slice(0, 3).map(({ first_batch, batch_count, rows }) => ({ first_batch, batch_count, rows }));',
      },
    ],
  },
  {
    name: 'parts of two slices under one name',
    edits: [{ file: STAGE, find: '    first_part: nextPart(before),', put: '    first_part: 0,' }],
  },
  {
    name: 'a foreign object counts as the part',
    edits: [
      {
        file: CONVERT,
        find: '({ objects, engine }: ConvertPorts, { key, provenance }: PartToPut)',
        put: '({ objects, engine }: ConvertPorts, { key, converted, provenance }: PartToPut)',
      },
      {
        file: CONVERT,
        find: '  if (rows === undefined) throw foreign(key);',
        put: '  if (rows === undefined) return toPart(key, converted);',
      },
    ],
  },
  {
    name: 'batches are not verified',
    edits: [
      {
        file: WRITE,
        find: "    if (createHash('sha256').update(stored.body).digest('hex') !== batch.sha256) throw corrupt(batch);\n",
        put: '',
      },
    ],
  },
];
