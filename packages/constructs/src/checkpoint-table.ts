import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';

export type CheckpointUser = 'planner' | 'orchestrator' | 'freshness' | 'extractor' | 'writer';

/** What each function may do with the table. None may create, change or delete it. */
export const TABLE_RIGHTS = {
  planner: ['dynamodb:Scan'],
  orchestrator: ['dynamodb:Scan'],
  freshness: ['dynamodb:Scan'],
  extractor: ['dynamodb:GetItem', 'dynamodb:PutItem'],
  writer: ['dynamodb:GetItem', 'dynamodb:PutItem'],
} as const satisfies Record<CheckpointUser, readonly string[]>;

/**
 * The table of the checkpoints: on-demand, encrypted, restorable to any second of the last 35 days, and kept when the
 * stack is deleted. AWS generates its name, so that a stack whose first deployment failed can be deployed again.
 */
export class CheckpointTable extends Construct {
  readonly table: Table;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.table = new Table(this, 'Table', {
      partitionKey: { name: 'entity', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }

  /** Tells the functions about the table and grants each what it needs. */
  serve(functions: Readonly<Partial<Record<CheckpointUser, LambdaFunction>>>): void {
    for (const [name, actions] of Object.entries(TABLE_RIGHTS)) {
      const fn = functions[name as CheckpointUser];
      if (!fn) continue;
      fn.addEnvironment('CHECKPOINT_STORE', 'dynamodb');
      fn.addEnvironment('CHECKPOINT_TABLE', this.table.tableName);
      fn.addToRolePolicy(new PolicyStatement({ actions: [...actions], resources: [this.table.tableArn] }));
    }
  }
}
