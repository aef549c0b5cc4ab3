import type { Log } from '@bronze/common/load/events';
import type { RawBatch, SliceReader, Source } from '@bronze/common/load/source';
import type { Redaction } from '@bronze/common/secrets/redaction';

/**
 * The same source, whose failures show none of the secrets it was read with. All that logs, queues, records and the
 * terminal say about a source comes from here, and only here it is known what to hide.
 */
export function redactedSource(source: Source, redaction: Redaction): Source {
  return {
    system: source.system,
    readHighWatermark: (entity, claim) => hiding(redaction, () => source.readHighWatermark(entity, claim)),
    openSlice: async (entity, load, start) => {
      const reader = await hiding(redaction, () => source.openSlice(entity, load, start));
      return redactedReader(reader, redaction);
    },
  };
}

/** The same log, in which failures of the source are redacted. */
export function redactedLog(log: Log, redaction: Redaction): Log {
  return {
    event: (event) => {
      if (event.kind !== 'source_retried' && event.kind !== 'source_waiting') return log.event(event);
      const { message, hint } = event.failure;
      const failure = { ...event.failure, message: redaction.hide(message), hint: redaction.hide(hint) };
      return log.event({ ...event, failure });
    },
  };
}

/** Its properties are read late: they are known once its batches are. */
function redactedReader(reader: SliceReader, redaction: Redaction): SliceReader {
  return {
    get columns() {
      return reader.columns;
    },
    get unseen_columns() {
      return reader.unseen_columns;
    },
    get is_resumable() {
      return reader.is_resumable;
    },
    get left_out() {
      return reader.left_out;
    },
    get seen_cursors() {
      return reader.seen_cursors;
    },
    get since_parameter() {
      return reader.since_parameter;
    },
    get window_fallback() {
      return reader.window_fallback;
    },
    batches: redactedBatches(reader.batches, redaction),
  };
}

async function* redactedBatches(batches: AsyncIterable<RawBatch>, redaction: Redaction): AsyncGenerator<RawBatch> {
  try {
    yield* batches;
  } catch (thrown) {
    throw redaction.hideIn(thrown);
  }
}

async function hiding<T>(redaction: Redaction, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (thrown) {
    throw redaction.hideIn(thrown);
  }
}
