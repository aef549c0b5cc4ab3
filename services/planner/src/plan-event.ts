import { anyCaseLoadTypeSchema } from '@bronze/common/words/entity';
import { BronzeError } from '@bronze/common/words/failure';
import { type Timestamp, timestampSchema } from '@bronze/common/words/timestamp';
import '@bronze/common/words/zod-locale';
import * as z from 'zod/mini';
import type { PlanInput } from './plan-run.ts';

/** What a person sends: `{}`, `{"load_type": "FULL"}`, `{"entities": ["orders"]}`, `{"dry_run": true}`. */
const askedSchema = z.strictObject({
  load_type: z.optional(anyCaseLoadTypeSchema),
  entities: z.optional(z.array(z.string())),
  dry_run: z.optional(z.boolean()),
  /** Filled in by EventBridge Scheduler: `<aws.scheduler.scheduled-time>`. */
  scheduled_time: z.optional(timestampSchema),
});

/** The event of an EventBridge rule, the older way of scheduling. Its other fields are ignored. */
const ruleSchema = z.looseObject({ source: z.literal('aws.events'), time: timestampSchema });

export interface PlanRequest extends PlanInput {
  /** Whether to plan and answer without sending anything. */
  readonly dry_run: boolean;
}

export interface PlanDefaults {
  /** `LOAD_TYPE` of the function, which the event overrides. */
  readonly load_type: string | undefined;
  readonly now: Timestamp;
}

/** What an invocation asks for. @throws BronzeError MESSAGE_INVALID, CONFIG_INVALID (a wrong `LOAD_TYPE`) */
export function decodePlanEvent(event: unknown, defaults: PlanDefaults): PlanRequest {
  const rule = z.safeParse(ruleSchema, event);
  const asked = rule.success ? { scheduled_time: rule.data.time } : decode(event);
  const { scheduled_time } = asked;
  const load_type = 'load_type' in asked && asked.load_type ? asked.load_type : defaultType(defaults.load_type);
  return {
    scheduled_at: scheduled_time ?? defaults.now,
    is_schedule: scheduled_time !== undefined,
    // Incremental is the default. Naming it would make other load ids of it.
    load_type: load_type === 'full' ? 'full' : undefined,
    entities: 'entities' in asked ? asked.entities : undefined,
    dry_run: 'dry_run' in asked && asked.dry_run === true,
  };
}

function decode(event: unknown): z.infer<typeof askedSchema> {
  const asked = z.safeParse(askedSchema, event ?? {});
  if (asked.success) return asked.data;
  const wrong = asked.error.issues.map((issue) => `${z.core.toDotPath(issue.path) || 'the payload'}: ${issue.message}`);
  throw new BronzeError('MESSAGE_INVALID', {
    message: `the planner does not understand its payload: ${wrong.join('; ')}`,
    hint: 'Send {}, {"load_type": "FULL"}, {"entities": ["orders"]} or {"dry_run": true}, or a combination of these.',
  });
}

/** @throws BronzeError CONFIG_INVALID */
function defaultType(variable: string | undefined): 'full' | 'incremental' | undefined {
  const decoded = z.safeParse(anyCaseLoadTypeSchema, variable ?? 'incremental');
  if (decoded.success) return decoded.data;
  throw new BronzeError('CONFIG_INVALID', {
    message: 'LOAD_TYPE of the function is neither FULL nor INCREMENTAL',
    hint: 'Set it to one of the two, or remove it.',
  });
}
