/** The state machine that loads entities in the order of their `after`, in the Amazon States Language. */

/** Of the service that invokes a function; tried again, because the function was not reached or did nothing. */
const SERVICE_ERRORS = [
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.TooManyRequestsException',
];
const RETRY = [{ ErrorEquals: SERVICE_ERRORS, IntervalSeconds: 2, MaxAttempts: 6, BackoffRate: 2 }];
/** Step Functions' quota for a definition is 1 MiB. */
const DEFINITION_BYTES_MAX = 1024 * 1024;

export interface StateMachineOptions {
  /** `aws`, `aws-cn` or `aws-us-gov` */
  readonly partition: string;
  readonly orchestratorArn: string;
  /** How long a load is waited for, from its request. */
  readonly wait_seconds: number;
}

/**
 * Groups run side by side; in a group, one wave after the other. Each entity's task waits until the orchestrator sends its
 * token back, which it does once the load has ended. A load that fails fails no other state: those behind it are skipped by
 * the orchestrator, and the execution fails at its end, once everything else is loaded.
 *
 * @param groups of waves of entities: see `groupsOfWaves`
 * @throws RangeError for more entities than fit a definition (about 900), or none
 */
export function stateMachineDefinition(groups: readonly string[][][], options: StateMachineOptions): object {
  if (groups.length === 0) throw new RangeError('a state machine needs at least one entity');
  const definition = {
    Comment: 'Loads each entity once those it is loaded after have completed',
    StartAt: 'Load',
    States: {
      Load: {
        Type: 'Parallel',
        Parameters: { 'input.$': '$', ended: {} },
        Branches: groups.map((waves, index) => groupOf(waves, `Group ${index + 1}`, options)),
        Next: 'Sum up',
      },
      'Sum up': {
        Type: 'Task',
        Resource: `arn:${options.partition}:states:::lambda:invoke`,
        Parameters: { FunctionName: options.orchestratorArn, Payload: { kind: 'finish', 'groups.$': '$' } },
        ResultSelector: {
          'completed.$': '$.Payload.completed',
          'failed.$': '$.Payload.failed',
          'skipped.$': '$.Payload.skipped',
          'is_complete.$': '$.Payload.is_complete',
        },
        Retry: RETRY,
        Next: 'Is it complete?',
      },
      'Is it complete?': {
        Type: 'Choice',
        Choices: [{ Variable: '$.is_complete', BooleanEquals: true, Next: 'Complete' }],
        Default: 'Incomplete',
      },
      Complete: { Type: 'Succeed' },
      Incomplete: {
        Type: 'Fail',
        Error: 'RUN_INCOMPLETE',
        Cause: 'At least one entity was not loaded: the output of "Sum up" names them',
      },
    },
  };
  const bytes = Buffer.byteLength(JSON.stringify(definition));
  if (bytes <= DEFINITION_BYTES_MAX) return definition;
  throw new RangeError(`the state machine would have ${bytes} bytes, and Step Functions takes ${DEFINITION_BYTES_MAX}`);
}

function groupOf(waves: readonly string[][], name: string, options: StateMachineOptions): object {
  const nameOf = (wave: number) => `${name}, wave ${wave + 1}`;
  const states = waves.map((entities, wave) => {
    const next = wave + 1 < waves.length ? { Next: nameOf(wave + 1) } : { OutputPath: '$.ended', End: true };
    const Branches = entities.map((entity) => branchOf(entity, options));
    return [nameOf(wave), { Type: 'Parallel', Branches, ResultPath: `$.ended.wave${wave + 1}`, ...next }];
  });
  return { StartAt: nameOf(0), States: Object.fromEntries(states) as object };
}

function branchOf(entity: string, { partition, orchestratorArn, wait_seconds }: StateMachineOptions): object {
  const failed = `${entity} failed`;
  return {
    StartAt: entity,
    States: {
      [entity]: {
        Type: 'Task',
        Resource: `arn:${partition}:states:::lambda:invoke.waitForTaskToken`,
        Parameters: {
          FunctionName: orchestratorArn,
          Payload: {
            entity,
            'task_token.$': '$$.Task.Token',
            'input.$': '$.input',
            'ended.$': '$.ended',
          },
        },
        TimeoutSeconds: wait_seconds,
        Retry: RETRY,
        Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: failed }],
        End: true,
      },
      [failed]: { Type: 'Pass', Parameters: { entity, status: 'failed', 'reason.$': '$.error.Error' }, End: true },
    },
  };
}
