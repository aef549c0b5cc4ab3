import { join } from 'node:path';
import type { ApiRecord, RecordList } from '@bronze/demo/source-api/api-record';
import { LoopbackServer } from '@bronze/demo/source-api/loopback-server';
import { SourceApi } from '@bronze/demo/source-api/source-api';
import { expect, onTestFinished, test } from 'vitest';
import { ended, start } from '../command.ts';

/** A heap that is too small for all records. */
const HEAP = '--max-old-space-size=160';
const UPDATED_AT = '2024-01-15T10:32:00.123456Z';

/** This many records, each made when it is asked for. */
class Numbers implements RecordList {
  readonly length: number;

  constructor(length: number) {
    this.length = length;
  }

  slice(from: number, to: number): readonly ApiRecord[] {
    const count = Math.max(0, Math.min(to, this.length) - from);
    return Array.from({ length: count }, (_, index) => {
      const id = String(from + index).padStart(8, '0');
      const json = `{"id":"${id}","amount":${from + index}.340,"customer":{"name":"Zoë","tags":["a","b"]},"note":"a record of some length, as they come","is_paid":true,"updated_at":"${UPDATED_AT}"}`;
      return { id, updated_at: UPDATED_AT, json };
    });
  }

  since(): RecordList {
    return this;
  }

  countUpTo(_: string, id: string): number {
    return Number(id) + 1;
  }
}

async function drain(records: number): Promise<{ rows: number; peak_rss_mb: number }> {
  const list = new Numbers(records);
  const server = await LoopbackServer.start(
    new SourceApi({ lists: { '/numbers': () => list }, apiKey: async () => undefined }),
  );
  onTestFinished(() => server.stop());
  const child = start(process.execPath, [HEAP, join(import.meta.dirname, 'drain-api.ts'), server.url]);
  const { code, stdout, stderr } = await ended(child);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as { rows: number; peak_rss_mb: number };
}

test('200,000 records in pages of 1,000 need little more memory than 40,000 do', { timeout: 300_000 }, async () => {
  const fifth = await drain(40_000);
  const whole = await drain(200_000);
  expect([fifth.rows, whole.rows]).toEqual([40_000, 200_000]);
  expect(whole.peak_rss_mb, `${fifth.peak_rss_mb} MB for a fifth`).toBeLessThan(fifth.peak_rss_mb * 1.6);
});
