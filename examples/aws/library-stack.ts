import { join } from 'node:path';
import { acknowledgePipeline } from '@bronze/constructs/acknowledged';
import { Alarms } from '@bronze/constructs/alarms';
import { BronzePipeline } from '@bronze/constructs/bronze-pipeline';
import type { BronzePipelineProps } from '@bronze/constructs/pipeline-props';
import { type App, Stack, type StackProps } from 'aws-cdk-lib';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';

export interface LibraryStackProps extends StackProps, Pick<BronzePipelineProps, 'code'> {
  /** ARN of the secret that RDS manages for the database of loans. */
  readonly lendingSecretArn: string;
}

/** The pipeline of the configuration beside this file, in a stack that has secrets of its own. */
export class LibraryStack extends Stack {
  readonly pipeline: BronzePipeline;

  constructor(scope: App, id: string, { lendingSecretArn, code, ...props }: LibraryStackProps) {
    super(scope, id, props);
    this.pipeline = new BronzePipeline(this, 'Pipeline', {
      config: join(import.meta.dirname, 'bronze.config.ts'),
      values: {
        LENDING_URL: 'postgresql://lending.example.com:5432/lending',
        LENDING_SECRET_ARN: lendingSecretArn,
        MEMBERS_URL: 'postgresql://bronze@members.example.com:5432/members',
        CATALOGUE_URL: 'https://catalogue.example.com',
        // The CDK’s own types disagree about undefined properties.
        CATALOGUE_KEY_ARN: new Secret(this, 'CatalogueKey') as ISecret,
        REVIEWS_TOKEN: Secret.fromSecretNameV2(this, 'ReviewsToken', 'library/reviews-token'),
      },
      databaseUsers: { members: 'db-ABCDEFGHIJKL01234/bronze' },
      extractor: { atOnce: 3, memoryMb: 1024 },
      code,
    });
    new Alarms(this, 'Alarms', { pipeline: this.pipeline });
    acknowledgePipeline(this.pipeline);
  }
}
