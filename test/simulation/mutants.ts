/** A change of the shipping code: `find` is there exactly once. */
export interface Edit {
  /** End of its path. */
  readonly file: string;
  readonly find: string;
  readonly put: string;
}

/** A planted bug: a mistake that somebody could make in the protocol. */
export interface Mutant {
  readonly name: string;
  readonly edits: readonly Edit[];
}

const COMPLETE = 'packages/common/src/complete-load.ts';
const CHECKPOINT = 'packages/common/src/checkpoint.ts';
const CHECKPOINT_FILE = 'packages/common/src/checkpoint-file.ts';
const RECORD = 'packages/common/src/load-record.ts';
const EXTRACT = 'services/extractor/src/extract-load.ts';
const HAND_OVER = 'services/extractor/src/hand-over.ts';
const STAGE = 'services/extractor/src/stage-slice.ts';
const CLAIM = 'services/extractor/src/claim-load.ts';
const WRITE = 'services/writer/src/write-task.ts';
const CONVERT = 'services/writer/src/convert-task.ts';

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'receipt before the part',
    edits: [
      {
        file: WRITE,
        find: '    const receipt = await convertTask(ports, { slice, task, number: message.task, batches });\n    await ports.objects.putIfAbsent(key, encodeJson(receipt));',
        put: `    const input = { slice, task, number: message.task, batches };
    const dry = { ...ports.objects, putIfAbsent: async () => 'created' as const };
    const receipt = await convertTask({ ...ports, objects: dry }, input);
    await ports.objects.putIfAbsent(key, encodeJson(receipt));
    await convertTask(ports, input);`,
      },
    ],
  },
  {
    name: 'completion by counting instead of by set',
    edits: [
      {
        file: COMPLETE,
        find: '  if (!isCovered(slices, await receiptNames(ports.objects, load))) return;',
        put: `  const counts = ((globalThis as never as { counts?: Map<unknown, Map<string, number>> }).counts ??= new Map());
  const ours = counts.get(ports.checkpoints.constructor) ?? new Map<string, number>();
  counts.set(ports.checkpoints.constructor, ours);
  const count = (ours.get(load.load_id) ?? 0) + 1;
  ours.set(load.load_id, count);
  if (slices.at(-1)?.final !== true || count < taskNames(slices).length) return;`,
      },
      {
        file: COMPLETE,
        find: "    if (!receipt) throw new BronzeError('OBJECT_MISSING', { message: `${key} was listed and is gone`, hint });",
        put: '    if (!receipt) continue;',
      },
      {
        file: COMPLETE,
        find: '  if (record.rows === record.rows_in_bronze + record.rows_quarantined) return;',
        put: '  if (record.rows >= 0) return;',
      },
    ],
  },
  {
    name: 'completion without the last slice',
    edits: [
      {
        file: RECORD,
        find: '  return slices.at(-1)?.final === true && names.length === receipts.size && names.every((name) => receipts.has(name));',
        put: '  return slices.length > 0 && names.length === receipts.size && names.every((name) => receipts.has(name));',
      },
    ],
  },
  {
    name: 'checkpoint without compare-and-swap of its entry',
    edits: [
      {
        file: CHECKPOINT_FILE,
        find: '      if (versionOf(entryOf(file, entity)) !== version) return false;\n',
        put: '',
      },
    ],
  },
  {
    name: 'checkpoint file overwritten whatever it holds now',
    edits: [
      {
        file: CHECKPOINT_FILE,
        find: '      if (await this.#objects.replace(CHECKPOINTS_KEY, changed, etag)) return true;',
        put: `      if (await this.#objects.replace(CHECKPOINTS_KEY, changed, etag)) return true;
      const now = (await this.#objects.get(CHECKPOINTS_KEY))?.etag;
      if (await this.#objects.replace(CHECKPOINTS_KEY, changed, now)) return true;`,
      },
    ],
  },
  {
    name: 'checkpoint before the load record',
    edits: [
      {
        file: COMPLETE,
        find: '  await finishSwap(ports, await decide(ports, load, record));',
        put: '  await finishSwap(ports, record);\n  await decide(ports, load, record);',
      },
    ],
  },
  {
    name: 'load finished without asking whether it is the pending one',
    edits: [
      {
        file: CHECKPOINT,
        find: '  if (checkpoint?.pending_load?.load_id !== load.load_id) return undefined;',
        put: '  if (checkpoint === undefined) return undefined;',
      },
    ],
  },
  {
    name: 'ingestion date from the clock at write time',
    edits: [
      {
        file: CONVERT,
        find: '    ingested_at: slice.load.ingested_at,',
        put: '    ingested_at: (ports as never as { clock: { now(): never } }).clock.now(),',
      },
      {
        file: CONVERT,
        find: 'function toConversion({ slice, number, batches }: TaskInput): Conversion {',
        put: 'function toConversion({ slice, number, batches }: TaskInput, ports: ConvertPorts): Conversion {',
      },
      { file: CONVERT, find: 'toConversion(input);', put: 'toConversion(input, ports);' },
      { file: CONVERT, find: '  const load: BronzeKey = { ...slice.load, entity: slice.entity };\n', put: '' },
      { file: CONVERT, find: '  const conversion = ', put: '  const conversion0 = 0;\n  const conversion = ' },
      {
        file: CONVERT,
        find: '  const parts: Part[] = [];',
        put: '  const load: BronzeKey = { ...slice.load, entity: slice.entity, ingested_at: conversion.ingested_at };\n  const parts: Part[] = [];',
      },
    ],
  },
  {
    name: 'manifest by plain put',
    edits: [
      {
        file: STAGE,
        find: '  const put = await ports.objects.putIfAbsent(sliceManifestKey(key, slice), encodeJson(manifest));',
        put: `  const before = (await ports.objects.get(sliceManifestKey(key, slice)))?.etag;
  const isPut = await ports.objects.replace(sliceManifestKey(key, slice), encodeJson(manifest), before);
  const put = isPut ? 'created' : 'exists';`,
      },
    ],
  },
  {
    name: 'own manifest taken for that of another',
    edits: [
      {
        file: STAGE,
        find: "  const there = put === 'created' ? manifest : ((await readSlice(ports.objects, key, slice)) ?? manifest);",
        put: "  const there = manifest;\n  if (put !== 'created') throw new BronzeError('SLICE_STUCK', { message: 'lost', hint: '' });",
      },
    ],
  },
  {
    name: 'whoever loses a slice leaves it to the winner',
    edits: [
      {
        file: EXTRACT,
        find: '  await handOver(ports, manifest);',
        put: '  if ((manifest as { isOurs?: boolean }).isOurs !== true) return;\n  await handOver(ports, manifest);',
      },
      {
        file: STAGE,
        find: '  return manifest;\n}\n\n/** A continuation',
        put: '  return { ...manifest, isOurs: true } as never;\n}\n\n/** A continuation',
      },
    ],
  },
  {
    name: 'claim without looking for the load record',
    edits: [
      {
        file: CLAIM,
        find: '  const record = await readLoadRecord(ports.objects, { entity: entity.name, load_id: request.load_id });',
        put: '  const record = undefined;',
      },
    ],
  },
  {
    name: 'late message of a decided load is done, whatever is pending',
    edits: [
      {
        file: CHECKPOINT,
        find: "    if (recorded) return { kind: 'help', load: pending };",
        put: "    if (recorded) return { kind: 'done', reason: 'already_loaded' };",
      },
    ],
  },
  {
    name: 'message acknowledged before the send',
    edits: [
      {
        file: HAND_OVER,
        find: '  await ports.writes.send(writeMessages(slice));',
        put: '  void ports.writes.send(writeMessages(slice));',
      },
    ],
  },
  {
    name: 'sending failures ignored',
    edits: [
      {
        file: HAND_OVER,
        find: '  await ports.writes.send(writeMessages(slice));',
        put: '  await ports.writes.send(writeMessages(slice)).catch(() => undefined);',
      },
    ],
  },
  {
    name: 'helpers send the last slice’s tasks only',
    edits: [
      {
        file: HAND_OVER,
        find: '  const messages = slices.flatMap(writeMessages);',
        put: '  const messages = slices.slice(-1).flatMap(writeMessages);',
      },
    ],
  },
  {
    name: 'redelivered messages don’t help',
    edits: [{ file: EXTRACT, find: 'isStaged || delivery.is_redelivery || ', put: '' }],
  },
  {
    name: 'a decided load is not finished',
    edits: [{ file: EXTRACT, find: '  if (record) return finishSwap(ports, record);', put: '  if (record) return;' }],
  },
  {
    name: 'nobody wakes who waits',
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
        file: 'packages/common/src/list-pages.ts',
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
        find: '    for (const record of taken(slice.window, step)) unread.push(fieldsOf(record, exclude));',
        put: `    const inside = taken(slice.window, step);
    for (const record of inside) unread.push(fieldsOf(record, exclude));
    if (inside.length === 0) {
      batch.endPage(undefined);
      break;
    }`,
      },
    ],
  },
  {
    name: 'pages don’t overlap',
    edits: [
      {
        file: 'services/extractor/src/rest/page-walk.ts',
        find: '    if (from > 0 && !continues(walk, page)) {',
        put: '    if (from < 0) {',
      },
    ],
  },
  {
    name: 'timestamps cut to milliseconds',
    edits: [
      {
        file: 'packages/common/src/timestamp.ts',
        find: "canonical(`${whole}.${fraction.padEnd(6, '0')}Z`)",
        put: "canonical(`${whole}.${fraction.slice(0, 3).padEnd(6, '0')}Z`)",
      },
    ],
  },
  {
    name: 'staging removed without a load record',
    edits: [
      {
        file: 'packages/common/src/sweep-staging.ts',
        find: '  if (!(await readLoadRecord(objects, load))) return 0;\n',
        put: '',
      },
      {
        file: 'packages/common/src/sweep-staging.ts',
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
    name: 'position of the slice before forgotten',
    edits: [{ file: STAGE, find: '    position: position ?? undefined,', put: '    position: undefined,' }],
  },
  {
    name: 'window moves with each attempt',
    edits: [
      {
        file: STAGE,
        find: '  const reader = await ports.source.openSlice(entity, load, {',
        put: `  const { until } = await ports.source.cut(entity, { since: load.since, deadline: ports.deadline });
  const reader = await ports.source.openSlice(entity, { ...load, until }, {`,
      },
    ],
  },
  {
    name: 'a cut below the checkpoint steps back',
    edits: [
      { file: CHECKPOINT, find: '    until: latest(start.cut.until, synced),', put: '    until: start.cut.until,' },
      { file: CHECKPOINT, find: 'latest(load.until, idle.last_sync_timestamp ?? EPOCH)', put: 'load.until' },
    ],
  },
  {
    name: 'an abandoned load moves the checkpoint',
    edits: [{ file: CHECKPOINT, find: "  if (load.status === 'abandoned') return freed;\n", put: '' }],
  },
  {
    name: 'the last write task of a slice is left out',
    edits: [
      {
        file: 'packages/common/src/slice-manifest.ts',
        find: '  return tasks.map(({ first_batch, batch_count, rows }) => ({ first_batch, batch_count, rows }));',
        put: '  return tasks.slice(0, 3).map(({ first_batch, batch_count, rows }) => ({ first_batch, batch_count, rows }));',
      },
    ],
  },
  {
    name: 'parts of two slices under one name',
    edits: [{ file: STAGE, find: '    first_part: nextPart(slices),', put: '    first_part: 0,' }],
  },
  {
    name: 'a foreign object counts as the part',
    edits: [
      {
        file: CONVERT,
        find: '  if (rows === undefined) throw foreign(key);',
        put: '  if (rows === undefined) return { key, rows: converted.rows, bytes: 0, sha256: "" };',
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
