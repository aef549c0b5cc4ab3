import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { partsOf, rowsInBronze } from '../bronze-folder.ts';
import { ended, start } from '../command.ts';
import { newDatabase, newFolder } from '../database.ts';

/** For the full test: `KILLS=50 KILL_ROWS=1000000 npm test -- kills`. */
const KILLS = Number(process.env['KILLS'] ?? 5);
const ROWS = Number(process.env['KILL_ROWS'] ?? 150_000);

const startRun = (url: string, out: string) =>
  start(process.execPath, [join(import.meta.dirname, 'kill-run.ts'), url, out]);

/** Random fractions of a run's duration. Each run of the test kills at other moments; `KILL_SEED` repeats them. */
function* moments(seed: number): Generator<number> {
  for (let state = seed % 2147483647 || 1; ;) {
    state = (state * 48271) % 2147483647;
    yield state / 2147483647;
  }
}

test(
  `L1, L2, L6: ${KILLS} kill -9 at random moments of a run on ${ROWS} rows leave the same objects with the same bytes`,
  { timeout: 1_800_000 },
  async () => {
    const url = await newDatabase(`
    CREATE TABLE things (id bigint PRIMARY KEY, made_at timestamptz, updated_at timestamptz, total numeric(12,2), note text);
    INSERT INTO things SELECT n, timestamptz '2024-01-01' + n % 7 * interval '1 day', timestamptz '2024-01-10' + n / 1000 * interval '1 ms', n / 100.0, md5(n::text)
    FROM generate_series(1, ${ROWS}) AS n`);
    const reference = await newFolder();
    const began = performance.now();
    const whole = await ended(startRun(url, reference));
    const duration_ms = performance.now() - began;
    expect(whole.code, whole.stderr).toBe(0);
    const ids = (await rowsInBronze(reference, 'things')).map((row) => Number(row['id'])).toSorted((a, b) => a - b);
    expect(ids).toEqual(Array.from({ length: ROWS }, (_, index) => index + 1));
    const expected = await partsOf(reference, 'things');

    const seed = Number(process.env['KILL_SEED'] ?? Date.now());
    const random = moments(seed);
    for (let kills = 0; kills < KILLS;) {
      const out = await newFolder();
      for (let isDone = false; !isDone;) {
        const run = startRun(url, out);
        const end = ended(run);
        if (kills < KILLS) {
          await Promise.race([end, delay(random.next().value * duration_ms)]);
          if (run.exitCode === null) kills += 1;
          run.kill('SIGKILL');
        }
        const { code, stderr } = await end;
        expect([0, null], `seed ${seed}: ${stderr}`).toContain(code);
        isDone = code === 0;
      }
      const parts = await partsOf(out, 'things');
      expect([...parts.keys()], `seed ${seed}`).toEqual([...expected.keys()]);
      for (const [key, bytes] of parts)
        expect(bytes.equals(expected.get(key) ?? Buffer.of()), `seed ${seed}: ${key}`).toBe(true);
      await rm(out, { recursive: true });
    }
  },
);
