import { extractRequestSchema } from '@bronze/common/load/messages';
import { runLocally } from '@bronze/runner/run-locally';
import * as z from 'zod/mini';
import config from './interrupted.config.ts';

/** A run that is killed when it has committed a slice: `node killed-run.ts FOLDER '{"entity":"things"}'`. */
const [out_dir = '', asked = ''] = process.argv.slice(2);
const { entity, load_type, backfill } = z.parse(extractRequestSchema, JSON.parse(asked));

const log = {
  event: ({ kind }: { readonly kind: string }) => {
    if (kind === 'slice_committed') process.kill(process.pid, 'SIGKILL');
  },
};
await runLocally(
  { config, out_dir, engine: 'duckdb', environment: process.env, log },
  {
    stop: new AbortController().signal,
    entities: [entity],
    load_type,
    backfill,
  },
);
