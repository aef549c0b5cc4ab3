import type { Config } from '@bronze/common/config';
import { dependenciesAmong, groupsOfWaves } from '@bronze/common/config/order';
import { WAITS_SECONDS_MAX } from '@bronze/planner/orchestration/orchestrate';
import { Aws, Duration, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Code, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { DefinitionBody, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { BUCKET_RIGHTS, grantBucket, grantSend } from './permissions.ts';
import { PipelineFunction } from './pipeline-function.ts';
import { stateMachineDefinition } from './state-machine.ts';

export interface OrchestrationProps {
  /** Of the pipeline. */
  readonly name: string;
  readonly config: Config;
  readonly code: Code;
  readonly bucket: IBucket;
  readonly extractQueue: Queue;
  /** Its schedule’s calls that failed go there. */
  readonly deadLetters: Queue;
  /** Starts the executions. */
  readonly planner: LambdaFunction;
  readonly key?: IKey | undefined;
}

/**
 * Loads entities in the order of their `after`: a state machine, and the function that requests loads for it and tells it
 * which have ended (decision 50). The planner starts an execution instead of sending requests.
 */
export class Orchestration extends Construct {
  readonly function: LambdaFunction;
  readonly stateMachine: StateMachine;

  constructor(scope: Construct, id: string, props: OrchestrationProps) {
    super(scope, id);
    const stateMachineName = `${props.name}-Run`;
    this.function = this.#orchestrator(props, stateMachineName);
    this.stateMachine = new StateMachine(this, 'StateMachine', {
      stateMachineName,
      comment: 'Loads each entity once those that it is loaded after have completed',
      definitionBody: DefinitionBody.fromString(Stack.of(this).toJsonString(definitionOf(props, this.function))),
    });
    const invoke = new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [this.function.functionArn] });
    this.stateMachine.addToRolePolicy(invoke);
    props.planner.addEnvironment('STATE_MACHINE_ARN', this.stateMachine.stateMachineArn);
    props.planner.addToRolePolicy(
      new PolicyStatement({ actions: ['states:StartExecution'], resources: [this.stateMachine.stateMachineArn] }),
    );
    new Schedule(this, 'EveryMinute', {
      description: 'Tells the state machine every minute which loads have ended',
      schedule: ScheduleExpression.rate(Duration.minutes(1)),
      // The next report says the same.
      target: new LambdaInvoke(this.function, {
        deadLetterQueue: props.deadLetters,
        retryAttempts: 0,
        maxEventAge: Duration.minutes(1),
        input: ScheduleTargetInput.fromObject({ kind: 'report' }),
      }),
    });
  }

  #orchestrator(
    { name, code, bucket, extractQueue, deadLetters, key }: OrchestrationProps,
    stateMachineName: string,
  ): LambdaFunction {
    const orchestrator = new PipelineFunction(this, 'Orchestrator', {
      functionName: `${name}-OrchestratorFunction`,
      description: 'Requests loads for the state machine, and tells it which have ended',
      code,
      timeout: Duration.minutes(1),
      memoryMb: 512,
      key,
      environment: { S3_BUCKET_NAME: bucket.bucketName, EXTRACT_QUEUE_URL: extractQueue.queueUrl },
    }).function;
    orchestrator.configureAsyncInvoke({ onFailure: new SqsDestination(deadLetters), retryAttempts: 0 });
    grantBucket(bucket, orchestrator, BUCKET_RIGHTS.orchestrator);
    grantSend(orchestrator, extractQueue);
    // By its name: the state machine itself depends on the function.
    const arn = Stack.of(this).formatArn({ service: 'states', resource: `stateMachine:${stateMachineName}` });
    const actions = ['states:SendTaskSuccess', 'states:SendTaskFailure'];
    orchestrator.addToRolePolicy(new PolicyStatement({ actions, resources: [arn] }));
    return orchestrator;
  }
}

function definitionOf({ config }: OrchestrationProps, orchestrator: LambdaFunction): object {
  const { entities } = config;
  const dependencies = dependenciesAmong(Object.keys(entities), (entity) => entities[entity]?.after ?? []);
  return stateMachineDefinition(groupsOfWaves(dependencies), {
    partition: Aws.PARTITION,
    orchestratorArn: orchestrator.functionArn,
    wait_seconds: WAITS_SECONDS_MAX,
  });
}
