import type { PlantedBug } from './planted-bug.ts';

const COMPLETE = 'packages/common/src/load/complete-load.ts';
const CHECKPOINT = 'packages/common/src/load/checkpoint.ts';
const FINISH = 'packages/common/src/load/finish-load.ts';
const CHECKPOINT_FILE = 'packages/common/src/load/checkpoint-file.ts';
const RECEIPTS = 'packages/common/src/load/receipts.ts';
const EXTRACT = 'services/extractor/src/extract-load.ts';
const STAGE = 'services/extractor/src/stage-slice.ts';
const CLAIM = 'services/extractor/src/claim-load.ts';
const WRITE = 'services/writer/src/write-task.ts';
const CONVERT = 'services/writer/src/convert-task.ts';

/** Mistakes in claiming, committing and completing a load. */
export const COMMIT_BUGS: readonly PlantedBug[] = [
  {
    name: 'receipt before the part',
    edits: [
      {
        file: WRITE,
        find: '    const receipt = await convertTask(ports, { slice, task, number: message.task, batches, is_repeated });\n    await ports.objects.putIfAbsent(key, encodeJson(receipt));',
        put: `    const input = { slice, task, number: message.task, batches, is_repeated };
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
        find: '  if (!(await mayBeCovered(ports.objects, load, written))) return;',
        put: '',
      },
      {
        file: COMPLETE,
        find: '  if (!isCovered(slices, written)) return;',
        put: `  const counts = ((globalThis as never as { counts?: WeakMap<object, Map<string, number>> }).counts ??= new WeakMap());
  const { next: world } = (ports as never as { attempts: { next: () => string } }).attempts;
  const ours = counts.get(world) ?? new Map<string, number>();
  counts.set(world, ours);
  const count = (ours.get(load.load_id) ?? 0) + 1;
  ours.set(load.load_id, count);
  if (slices.at(-1)?.final !== true || count < slices.flatMap(({ tasks }) => tasks).length) return;`,
      },
    ],
  },
  {
    name: 'completion without the last slice',
    edits: [
      {
        file: COMPLETE,
        find: '  if (!(await mayBeCovered(ports.objects, load, written))) return;',
        put: '',
      },
      {
        file: RECEIPTS,
        find: '  return slices.at(-1)?.final === true && taskNames(slices).every((name) => receipts.has(name));',
        put: '  return slices.length > 0 && taskNames(slices).every((name) => receipts.has(name));',
      },
    ],
  },
  {
    name: 'only a receipt of the last slice completes a load',
    edits: [{ file: COMPLETE, find: '    if (slice.final) return true;', put: '    return slice.final;' }],
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
    name: 'checkpoint file overwritten although its ETag has changed',
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
        find: '  const decided = await decide(ports, load, record);',
        put: '  await finishSwap(ports, record);\n  const decided = await decide(ports, load, record);',
      },
    ],
  },
  {
    name: 'load finished without checking that it is the pending one',
    edits: [
      {
        file: FINISH,
        find: '  if (checkpoint?.pending_load?.load_id !== load.load_id) return undefined;',
        put: '  if (checkpoint?.pending_load === undefined) return undefined;',
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
    name: 'the loser of a slice uses its own manifest, not the committed one',
    edits: [
      {
        file: STAGE,
        find: "  const there = put === 'created' ? manifest : ((await readSlice(ports.objects, key, slice)) ?? manifest);",
        put: '  const there = manifest;\n  void put;',
      },
    ],
  },
  {
    name: 'the loser of a slice enqueues nothing',
    edits: [
      {
        file: EXTRACT,
        find: '  await enqueueNext(ports, manifest);',
        put: '  if ((manifest as { isOurs?: boolean }).isOurs !== true) return;\n  await enqueueNext(ports, manifest);',
      },
      {
        file: STAGE,
        find: '  return manifest;\n}',
        put: '  return { ...manifest, isOurs: true } as never;\n}',
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
    name: 'a late message of a decided load does not help the pending load',
    edits: [
      {
        file: CHECKPOINT,
        find: "    if (recorded || isContinuation(request)) return { kind: 'help', load: pending };",
        put: "    if (recorded || isContinuation(request)) return { kind: 'done', reason: 'already_loaded' };",
      },
    ],
  },
];
