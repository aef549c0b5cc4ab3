import { CfnOutput, Duration, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import {
  AccessLogFormat,
  ApiKey,
  LambdaIntegration,
  LogGroupLogDestination,
  MethodLoggingLevel,
  Period,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import type { Code } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { acknowledgeApi } from './acknowledged.ts';
import { PipelineFunction } from './pipeline-function.ts';

export interface ApiStackProps extends StackProps {
  readonly code: Code;
  /** `PAYMENTS_API_SECRET_NAME`; default: a new secret with a key of 48 letters and digits. */
  readonly secretName?: string | undefined;
}

/** What API Gateway takes for the value of a key. */
const KEY_LENGTH = 48;
const REQUESTS_PER_SECOND = 50;
const REQUESTS_PER_DAY = 200_000;

/** A payments and shipments API to ingest from, as a shop's provider might have it. */
export class ApiStack extends Stack {
  readonly secret: ISecret;
  readonly api: RestApi;

  constructor(scope: Construct, id: string, props: ApiStackProps) {
    super(scope, id, props);
    this.secret = this.#secret(props.secretName);
    const { function: fn } = new PipelineFunction(this, 'Api', {
      functionName: `${this.stackName}-ApiFunction`,
      description: 'Payments and shipments of the demo shop',
      code: props.code,
      timeout: Duration.seconds(29),
      memoryMb: 1024,
      environment: { API_KEY_SECRET_ARN: this.secret.secretArn },
    });
    this.secret.grantRead(fn);
    const logs = new LogGroup(this, 'AccessLogs', { retention: RetentionDays.ONE_MONTH });
    this.api = new RestApi(this, 'Gateway', {
      restApiName: this.stackName,
      deployOptions: {
        stageName: 'v1',
        throttlingRateLimit: REQUESTS_PER_SECOND,
        throttlingBurstLimit: REQUESTS_PER_SECOND * 2,
        loggingLevel: MethodLoggingLevel.ERROR,
        accessLogDestination: new LogGroupLogDestination(logs),
        accessLogFormat: AccessLogFormat.jsonWithStandardFields(),
      },
      // The account's own role for gateway logs: without one the deployment fails where none was ever set.
      cloudWatchRole: true,
    });
    for (const path of ['payments', 'shipments']) {
      this.api.root.addResource(path).addMethod('GET', new LambdaIntegration(fn), { apiKeyRequired: true });
    }
    this.#plan();
    Tags.of(this).add('application', 'bronze');
    new CfnOutput(this, 'ApiKeySecretArn', { value: this.secret.secretArn });
    acknowledgeApi(this);
  }

  #secret(name: string | undefined): ISecret {
    if (name !== undefined) return Secret.fromSecretNameV2(this, 'GivenKey', name);
    const secret = new Secret(this, 'Key', {
      description: 'API key of the payments and shipments API',
      generateSecretString: {
        secretStringTemplate: '{}',
        generateStringKey: 'api_key',
        passwordLength: KEY_LENGTH,
        excludePunctuation: true,
        includeSpace: false,
      },
    });
    // The CDK’s own types disagree about undefined.
    return secret as ISecret;
  }

  #plan(): void {
    const value = this.secret.secretValueFromJson('api_key').unsafeUnwrap();
    const key = new ApiKey(this, 'GatewayKey', { value, description: 'The key in the secret' });
    const plan = this.api.addUsagePlan('Plan', {
      throttle: { rateLimit: REQUESTS_PER_SECOND, burstLimit: REQUESTS_PER_SECOND * 2 },
      quota: { limit: REQUESTS_PER_DAY, period: Period.DAY },
      apiStages: [{ stage: this.api.deploymentStage }],
    });
    plan.addApiKey(key);
  }
}
