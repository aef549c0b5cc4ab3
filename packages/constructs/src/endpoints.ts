import {
  GatewayVpcEndpoint,
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpoint,
  InterfaceVpcEndpointAwsService,
  type ISecurityGroup,
  type IVpc,
  Port,
  SecurityGroup,
} from 'aws-cdk-lib/aws-ec2';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';

export interface VpcEndpointsProps {
  /** With the route tables of its subnets. */
  readonly vpc: IVpc;
  /** The function that calls them. */
  readonly from: LambdaFunction;
}

const CALLED = { Sqs: InterfaceVpcEndpointAwsService.SQS, Secrets: InterfaceVpcEndpointAwsService.SECRETS_MANAGER };

/** What the extractor calls in AWS, from a VPC without a way out. The endpoint of S3 costs nothing, the others do. */
export class VpcEndpoints extends Construct {
  constructor(scope: Construct, id: string, { vpc, from }: VpcEndpointsProps) {
    super(scope, id);
    new GatewayVpcEndpoint(this, 'S3', { vpc, service: GatewayVpcEndpointAwsService.S3 });
    // The CDK’s own types disagree about undefined properties.
    const group = new SecurityGroup(this, 'Group', {
      vpc,
      description: 'Endpoints that the extractor calls',
      allowAllOutbound: false,
    }) as ISecurityGroup;
    from.connections.allowTo(group, Port.HTTPS);
    for (const [name, service] of Object.entries(CALLED)) {
      new InterfaceVpcEndpoint(this, name, { vpc, service, open: false, securityGroups: [group] });
    }
  }
}
