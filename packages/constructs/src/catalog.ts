import type { CatalogNames } from '@bronze/common/load/catalog-names';
import { Aws, Stack } from 'aws-cdk-lib';
import { CfnDatabase } from 'aws-cdk-lib/aws-glue';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';

export interface CatalogProps {
  readonly names: CatalogNames;
  readonly entities: readonly string[];
  /** The catalog function, which makes the tables from load records. */
  readonly function: LambdaFunction;
}

/** All that the function calls, in `services/writer/src/adapters/glue-tables.ts`. */
const ACTIONS = [
  'glue:GetTable',
  'glue:CreateTable',
  'glue:UpdateTable',
  'glue:DeleteTable',
  'glue:GetPartitions',
  'glue:BatchCreatePartition',
  'glue:BatchUpdatePartition',
];

/** The Glue database, and the catalog function's right to make these tables in it, and no others. */
export class Catalog extends Construct {
  constructor(scope: Construct, id: string, { names, entities, function: fn }: CatalogProps) {
    super(scope, id);
    new CfnDatabase(this, 'Database', {
      catalogId: Aws.ACCOUNT_ID,
      databaseInput: {
        name: names.database,
        description: 'Bronze: entities that the pipeline has ingested, its load records and its run log',
      },
    });
    const arn = (resource: string) => Stack.of(this).formatArn({ service: 'glue', resource });
    const tables = [names.bronze, names.log, names.loads, ...entities];
    fn.addToRolePolicy(
      new PolicyStatement({
        actions: ACTIONS,
        // Glue asks for the right to the catalog and the database of a table too.
        resources: [
          arn('catalog'),
          arn(`database/${names.database}`),
          ...tables.map((table) => arn(`table/${names.database}/${table}`)),
        ],
      }),
    );
  }
}
