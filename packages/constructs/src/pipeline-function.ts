import { type Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  Alias,
  Architecture,
  CfnFunction,
  type Code,
  Function as LambdaFunction,
  type IFunction,
  type IVersion,
  LoggingFormat,
  RecursiveLoop,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { CfnPolicy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

export interface PipelineFunctionProps {
  readonly functionName: string;
  readonly description: string;
  readonly code: Code;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeout: Duration;
  readonly memoryMb: number;
  /** Size of /tmp; default 512. */
  readonly scratchMb?: number;
  /** Encrypts the logs; its policy must let CloudWatch Logs use it. Default: CloudWatch's own. */
  readonly key?: IKey | undefined;
  readonly vpc?: IVpc | undefined;
  readonly vpcSubnets?: SubnetSelection | undefined;
  readonly securityGroups?: ISecurityGroup[] | undefined;
  /** A load continues by sending a message to its own queue; Lambda's loop detection would stop it after 16 rounds. */
  readonly continuesItself?: boolean;
  /** Concurrency that is kept for this function, and its limit. */
  readonly reserved?: number | undefined;
  /** Number that is kept warm. */
  readonly provisioned?: number | undefined;
}

/** A Node.js function on arm64 with its own role and log group, which keeps logs for a month. */
export class PipelineFunction extends Construct {
  readonly function: LambdaFunction;
  /** What events invoke: with provisioned concurrency an alias of the current version, else the function itself. */
  readonly live: IFunction;

  constructor(scope: Construct, id: string, props: PipelineFunctionProps) {
    super(scope, id);
    const logGroup = new LogGroup(this, 'Logs', {
      logGroupName: `/aws/lambda/${props.functionName}`,
      retention: RetentionDays.ONE_MONTH,
      // Its name is fixed: if it outlived the stack, the stack could not be created again.
      removalPolicy: RemovalPolicy.DESTROY,
      ...(props.key && { encryptionKey: props.key }),
    });
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    if (props.vpc) role.addToPolicy(networkInterfaces());
    this.function = new LambdaFunction(this, 'Function', {
      functionName: props.functionName,
      description: props.description,
      code: props.code,
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      timeout: props.timeout,
      memorySize: props.memoryMb,
      ephemeralStorageSize: Size.mebibytes(props.scratchMb ?? 512),
      environment: {
        NODE_OPTIONS: '--enable-source-maps',
        POWERTOOLS_METRICS_NAMESPACE: 'Bronze',
        ...props.environment,
      },
      role,
      loggingFormat: LoggingFormat.JSON,
      logGroup,
      tracing: Tracing.DISABLED,
      ...(props.vpc && { vpc: props.vpc }),
      ...(props.vpcSubnets && { vpcSubnets: props.vpcSubnets }),
      ...(props.securityGroups && { securityGroups: props.securityGroups }),
      ...(props.continuesItself && { recursiveLoop: RecursiveLoop.ALLOW }),
      ...(props.reserved !== undefined && { reservedConcurrentExecutions: props.reserved }),
    });
    this.#dependOnPolicyOnly(role);
    this.live = props.provisioned === undefined ? this.function : this.#warm(props.provisioned);
  }

  /** The CDK lets a function depend on its role too, which its property says already: cfn-lint’s W3005. */
  #dependOnPolicyOnly(role: Role): void {
    const policy = role.node.findChild('DefaultPolicy').node.defaultChild;
    const { defaultChild: fn } = this.function.node;
    if (!(policy instanceof CfnPolicy) || !(fn instanceof CfnFunction))
      throw new RangeError('not as the CDK makes them');
    fn.addOverride('DependsOn', [policy.logicalId]);
  }

  #warm(provisionedConcurrentExecutions: number): IFunction {
    // The CDK’s own types disagree about undefined properties.
    const version = this.function.currentVersion as IVersion;
    return new Alias(this, 'Live', { aliasName: 'live', version, provisionedConcurrentExecutions }) as IFunction;
  }
}

/** The rights that Lambda needs to run in a VPC; EC2 has no narrower resource for these actions. */
function networkInterfaces(): PolicyStatement {
  return new PolicyStatement({
    actions: [
      'ec2:CreateNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:DeleteNetworkInterface',
      'ec2:AssignPrivateIpAddresses',
      'ec2:UnassignPrivateIpAddresses',
    ],
    resources: ['*'],
  });
}
