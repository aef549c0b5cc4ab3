import { CfnOutput, Duration, SecretValue, Stack, type StackProps, Tags } from 'aws-cdk-lib';
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
import { acknowledge, type Reasons } from '@bronze/constructs/acknowledged';
import { grantSecrets } from '@bronze/constructs/permissions';
import { PipelineFunction } from '@bronze/constructs/pipeline-function';

export interface ApiStackProps extends StackProps {
  readonly code: Code;
  /** Name of an existing secret (`PAYMENTS_API_SECRET_NAME`); default: a new key of 48 letters and digits. */
  readonly secretName?: string | undefined;
  /**
   * Version of the secret that the gateway takes the key from (`PAYMENTS_API_KEY_VERSION`); default: the current one. The
   * gateway keeps a copy, which CloudFormation renews only if the template changes: after a rotation, name the new version.
   */
  readonly keyVersion?: string | undefined;
}

const ACKNOWLEDGED: Reasons = {
  'Serverless::Serverless-LambdaDLQ': 'Failures go to the API’s caller.',
  'Serverless::Serverless-LambdaTracing': 'Access logs and metrics are enough to observe two methods.',
  'AwsSolutions::AwsSolutions-SMG4':
    'The key is rotated by hand, together with the gateway’s copy; its consumers read the secret again when it is refused.',
  'AwsSolutions::AwsSolutions-APIG2': 'The two methods take no body, and the function checks their few parameters.',
  'AwsSolutions::AwsSolutions-APIG3': 'A demo API with an API key, a quota and throttling needs no firewall.',
  'AwsSolutions::AwsSolutions-APIG4':
    'Callers authenticate with an API key, which both the gateway and the function check.',
  'AwsSolutions::AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]':
    'AWS provides this managed policy for exactly this purpose.',
  'AwsSolutions::AwsSolutions-COG4': 'Callers are programs, not people, so an API key suits them.',
  'Serverless::Serverless-APIGWXrayEnabled': 'Access logs and metrics are enough to observe two methods.',
};

/** Within the 20 to 128 characters that API Gateway accepts as a key's value. */
const KEY_LENGTH = 48;
const REQUESTS_PER_SECOND = 50;
const REQUESTS_PER_DAY = 200_000;

/** The demo's payments and shipments API to ingest from, such as a shop's provider might offer. */
export class ApiStack extends Stack {
  readonly secret: ISecret;
  readonly api: RestApi;

  constructor(scope: Construct, id: string, props: ApiStackProps) {
    super(scope, id, props);
    this.secret = this.#secret(props.secretName);
    const { function: fn } = new PipelineFunction(this, 'Api', {
      functionName: `${this.stackName}-ApiFunction`,
      description: 'Serves payments and shipments of the demo shop',
      code: props.code,
      timeout: Duration.seconds(29),
      memoryMb: 1024,
      environment: { API_KEY_SECRET_ARN: this.secret.secretArn },
    });
    grantSecrets(fn, [this.secret], []);
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
      // Sets the account's role for gateway logs: in an account that has none, the deployment would fail without it.
      cloudWatchRole: true,
    });
    for (const path of ['payments', 'shipments']) {
      this.api.root.addResource(path).addMethod('GET', new LambdaIntegration(fn), { apiKeyRequired: true });
    }
    this.#plan(props.keyVersion);
    Tags.of(this).add('application', 'bronze');
    new CfnOutput(this, 'ApiKeySecretArn', { value: this.secret.secretArn });
    acknowledge(this, ACKNOWLEDGED);
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
    // The CDK’s own types disagree about undefined properties.
    return secret as ISecret;
  }

  #plan(versionId: string | undefined): void {
    const version = versionId === undefined ? {} : { versionId };
    const value = SecretValue.secretsManager(this.secret.secretArn, {
      jsonField: 'api_key',
      ...version,
    }).unsafeUnwrap();
    const key = new ApiKey(this, 'GatewayKey', { value, description: 'The key that the secret holds' });
    const plan = this.api.addUsagePlan('Plan', {
      throttle: { rateLimit: REQUESTS_PER_SECOND, burstLimit: REQUESTS_PER_SECOND * 2 },
      quota: { limit: REQUESTS_PER_DAY, period: Period.DAY },
      apiStages: [{ stage: this.api.deploymentStage }],
    });
    plan.addApiKey(key);
  }
}
