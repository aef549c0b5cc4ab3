import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isCovered, missingTasks, taskNames } from './load-record.ts';
import { nextPart, planWriteTasks, rowsOf, type SliceManifest, type StagedBatch } from './slice-manifest.ts';
import { timestamp } from './timestamp.ts';

const batch = (rows: number, ndjson_bytes: number): StagedBatch => ({
  key: 'k',
  rows,
  bytes: 1,
  ndjson_bytes,
  row_bytes_max: 1,
  sha256: '',
});

const slice = (number: number, tasks: number, final: boolean): SliceManifest => ({
  version: 1,
  entity: 'orders',
  slice: number,
  attempt: 'a',
  load: {
    load_id: '0b0b0b0b-0000-8000-8000-000000000000',
    load_type: 'full',
    since: timestamp('1970-01-01'),
    until: timestamp('2024-01-01'),
    ingested_at: timestamp('2024-01-01'),
  },
  source_system: 'rds',
  columns: [],
  event_date_column: null,
  batches: [],
  tasks: Array.from({ length: tasks }, () => ({ first_batch: 0, batch_count: 1, rows: 1 })),
  first_part: 0,
  position: null,
  final,
});

test('L2: write tasks tile the batches: each in exactly one task, in order, within the limits', () => {
  const batches = fc.array(fc.tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 })), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(
      batches,
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 50 }),
      (sizes, task_rows, task_bytes) => {
        const staged = sizes.map(([rows, bytes]) => batch(rows, bytes));
        const tasks = planWriteTasks(staged, { task_rows, task_bytes });
        expect(tasks.flatMap((task) => staged.slice(task.first_batch, task.first_batch + task.batch_count))).toEqual(
          staged,
        );
        let next = 0;
        for (const task of tasks) {
          expect(task.first_batch).toBe(next);
          next += task.batch_count;
          const own = staged.slice(task.first_batch, next);
          expect(task.rows).toBe(own.reduce((sum, one) => sum + one.rows, 0));
          const bytes = own.reduce((sum, one) => sum + one.ndjson_bytes, 0);
          expect(own.length === 1 || (task.rows <= task_rows && bytes <= task_bytes)).toBe(true);
        }
        expect(next).toBe(staged.length);
      },
    ),
  );
});

test('no task is smaller than it must be', () => {
  expect(
    planWriteTasks([batch(5, 1), batch(5, 1), batch(5, 1)], { task_rows: 10, task_bytes: 100 }).map(
      (task) => task.rows,
    ),
  ).toEqual([10, 5]);
  expect(
    planWriteTasks([batch(1, 60), batch(1, 40), batch(1, 1)], { task_rows: 10, task_bytes: 100 }).map(
      (task) => task.rows,
    ),
  ).toEqual([2, 1]);
  expect(planWriteTasks([], { task_rows: 1, task_bytes: 1 })).toEqual([]);
});

test('L3: covered means the set of receipts equals the set of tasks and the last slice is final', () => {
  const slices = [slice(0, 2, false), slice(1, 1, true)];
  const all = taskNames(slices);
  expect(all).toEqual(['00000-00000', '00000-00001', '00001-00000']);
  expect(isCovered(slices, new Set(all))).toBe(true);
  expect(isCovered(slices.slice(0, 1), new Set(all.slice(0, 2)))).toBe(false);
  expect(isCovered(slices, new Set(['00000-00000', '00000-00001', '00009-00000']))).toBe(false);
  expect(isCovered(slices, new Set([...all, '00002-00000']))).toBe(false);
  expect(isCovered([], new Set())).toBe(false);
  expect(missingTasks(slices, new Set(['00000-00001']))).toEqual(['00000-00000', '00001-00000']);
});

test('parts and rows count across slices', () => {
  expect(nextPart([slice(0, 2, false), slice(1, 3, false)])).toBe(5);
  expect(rowsOf([{ ...slice(0, 0, true), batches: [batch(3, 1), batch(4, 1)] }])).toBe(7);
});
