import { failureOf, type FailureRecord, failureRecords } from '@bronze/common/delivery/failure-record';
import type { Checkpoint } from '@bronze/common/load/checkpoint';
import type { CheckpointStore } from '@bronze/common/load/checkpoint-store';
import { readLoadRecord } from '@bronze/common/load/load-record';
import { entityIn } from '@bronze/common/load/messages';
import type { Clock } from '@bronze/common/ports/clock';
import type { ObjectStore } from '@bronze/common/ports/object-store';
import type { Failure } from '@bronze/common/words/failure';
import { minusSeconds } from '@bronze/common/words/timestamp';
import { decidedSince, isDecided } from '@bronze/runner/settle';
import type { TargetOptions } from '../target/target-options.ts';
import { commandLine } from '../terminal/command-line.ts';
import { say } from '../terminal/output.ts';

export interface WaitingPorts {
  readonly objects: ObjectStore;
  readonly checkpoints: CheckpointStore;
  readonly clock: Clock;
  /** Options that choose the pipeline, for a command that is proposed. */
  readonly given: TargetOptions;
}

export interface Ended {
  readonly entity: string;
  readonly status: 'completed' | 'abandoned' | 'failed';
  readonly load_id: string;
  /** In bronze, by the load that answered the request; null if it failed. */
  readonly rows: number | null;
  readonly until: string | null;
  readonly failure: Failure | undefined;
}

type Asked = { readonly entity: string; readonly load_id: string };

const INTERVAL_MS = 5000;
const REMINDED_EVERY_MS = 5 * 60 * 1000;
const DAY_SECONDS = 24 * 60 * 60;

/**
 * Call it before the requests are sent, so that it knows which failures are older.
 *
 * @param before the checkpoints before that
 * @returns waits until each load is decided, or a message of its entity has failed for good, with a failure record. One that
 *   SQS itself moved to a dead-letter queue has none, so what is waited for is said every few minutes
 */
export async function waitForLoads(
  ports: WaitingPorts,
  before: ReadonlyMap<string, Checkpoint | undefined>,
  asked: readonly Asked[],
): Promise<() => Promise<readonly Ended[]>> {
  const { clock } = ports;
  const since = minusSeconds(clock.now(), DAY_SECONDS);
  const known = new Set((await recentFailures()).map(({ key }) => key));
  return async () => {
    const ended = new Map<string, Ended>();
    for (let waited_ms = 0; ; waited_ms += INTERVAL_MS) {
      const failures = (await recentFailures()).filter(({ key }) => !known.has(key));
      for (const load of asked) {
        const end = ended.has(load.entity) ? undefined : await endOf(load, failures);
        if (!end) continue;
        ended.set(load.entity, end);
        say(`${end.entity}: ${end.status}${end.rows === null ? '' : `, ${end.rows} rows`}`);
      }
      if (ended.size >= asked.length) return [...ended.values()];
      if (waited_ms > 0 && waited_ms % REMINDED_EVERY_MS === 0)
        remind(
          ports,
          asked.filter(({ entity }) => !ended.has(entity)),
        );
      await clock.sleep(INTERVAL_MS);
    }
  };

  async function recentFailures() {
    return failureRecords(ports.objects, { since, until: clock.now() });
  }

  async function endOf(load: Asked, failures: readonly FailureRecord[]): Promise<Ended | undefined> {
    const { entity, load_id } = load;
    if (await isDecided({ before, pipeline: ports }, load)) {
      const { checkpoint } = await ports.checkpoints.read(entity);
      const id = [load_id, decidedSince({ before }, entity, checkpoint)];
      const records = await Promise.all(
        id.map(async (one) => one && readLoadRecord(ports.objects, { entity, load_id: one })),
      );
      const record = records.find((one) => one !== undefined && one !== '');
      if (record) {
        const { status, rows_in_bronze: rows, until } = record;
        return { entity, status, load_id: record.load_id, rows, until, failure: undefined };
      }
    }
    const failed = failures.find(({ message }) => entityIn(message) === entity);
    return failed && { entity, status: 'failed', load_id, rows: null, until: null, failure: failureOf(failed) };
  }
}

function remind({ given }: WaitingPorts, left: readonly Asked[]): void {
  const names = left.map(({ entity }) => entity).join(', ');
  const dead = commandLine(['dlq', 'list'], given);
  say(
    `Still waiting for ${names}. A message that SQS itself moved to a dead-letter queue is not noticed here: ${dead}`,
  );
}
