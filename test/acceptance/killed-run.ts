import { loadTypeSchema } from '@bronze/common/words/entity';
import { runLocally } from '@bronze/runner/run-locally';
import * as z from 'zod/mini';
import config from './interrupted.config.ts';

/** A run that is killed when it has committed a slice: `node killed-run.ts FOLDER ENTITY [LOAD_TYPE]`. */
const [out_dir = '', entity = '', type] = process.argv.slice(2);

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
    load_type: z.parse(z.optional(loadTypeSchema), type),
  },
);
