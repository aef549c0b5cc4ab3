import { type Config, entityOf } from '@bronze/common/config';
import { dependenciesAmong, type Readiness, readinessOf } from '@bronze/common/config/order';
import { decodeJson } from '@bronze/common/words/json';
import { entityNameSchema, loadIdSchema, loadTypeSchema } from '@bronze/common/words/entity';
import { timestampSchema } from '@bronze/common/words/timestamp';
import * as z from 'zod/mini';

/** The input of an execution: what the planner was asked for, decoded. */
export const runInputSchema = z.strictObject({
  scheduled_at: timestampSchema,
  is_schedule: z.boolean(),
  run_id: loadIdSchema,
  load_type: z.optional(loadTypeSchema),
  entities: z.optional(z.array(z.string())),
});
export type RunInput = z.infer<typeof runInputSchema>;

/** How one entity ended in an execution. `left_out`: the run did not ask for it. */
export const endSchema = z.looseObject({
  entity: entityNameSchema,
  status: z.enum(['completed', 'failed', 'skipped', 'left_out']),
  reason: z.optional(z.string()),
});
export type End = z.infer<typeof endSchema>;

/** The ends of earlier waves, by wave. */
const endsSchema = z.record(z.string(), z.array(endSchema));

/** What the state machine sends for an entity whose wave has come. */
const turnSchema = z.strictObject({
  entity: entityNameSchema,
  task_token: z.string(),
  input: runInputSchema,
  ended: endsSchema,
});
export type Turn = z.infer<typeof turnSchema>;

/** What it sends at its end, in groups of waves. */
const finishSchema = z.strictObject({ groups: z.array(endsSchema) });

export type OrchestratorEvent =
  | { readonly kind: 'turn'; readonly turn: Turn }
  | { readonly kind: 'finish'; readonly ends: readonly End[] }
  /** Of the schedule: tell the state machine what has ended meanwhile. */
  | { readonly kind: 'report' };

/** @throws BronzeError MESSAGE_INVALID */
export function decodeOrchestratorEvent(event: unknown): OrchestratorEvent {
  const failure = {
    code: 'MESSAGE_INVALID',
    what: 'the event',
    hint: 'Only the state machine and the schedule of the stack call this function: invoke the planner instead.',
  } as const;
  const kind: unknown = Reflect.get(Object(event), 'kind');
  if (kind === 'report') return { kind };
  const { kind: _, ...rest } = Object(event) as Record<string, unknown>;
  const text = JSON.stringify(rest);
  if (kind === 'finish') {
    const { groups } = decodeJson(finishSchema, text, failure);
    return { kind, ends: groups.flatMap((waves) => Object.values(waves).flat()) };
  }
  return { kind: 'turn', turn: decodeJson(turnSchema, text, failure) };
}

/** Whether an entity is to be requested in its turn, given how those before it ended. */
export function readinessInTurn(config: Config, { entity, ended }: Pick<Turn, 'entity' | 'ended'>): Readiness {
  const ends = new Map(
    Object.values(ended)
      .flat()
      .map((end) => [end.entity, end.status]),
  );
  const taking = [...ends].filter(([, status]) => status !== 'left_out').map(([name]) => name);
  const dependencies = dependenciesAmong([...taking, entity], (name) => entityOf(config, name).after ?? []);
  return readinessOf(entity, dependencies, (other) => (ends.get(other) === 'completed' ? 'completed' : 'failed'));
}

export interface Summary {
  readonly completed: readonly string[];
  readonly failed: readonly string[];
  readonly skipped: readonly string[];
  /** Whether everything that the run asked for was loaded. */
  readonly is_complete: boolean;
}

export function summaryOf(ends: readonly End[]): Summary {
  const named = (status: End['status']) => ends.filter((end) => end.status === status).map(({ entity }) => entity);
  const [completed, failed, skipped] = [named('completed'), named('failed'), named('skipped')];
  return { completed, failed, skipped, is_complete: failed.length === 0 && skipped.length === 0 };
}
