import { CATALOG_VARIABLES, type CatalogNames, DEFAULT_NAMES } from '@bronze/common/load/catalog-names';
import { Duration } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Code, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { BUCKET_RIGHTS, grantBucket } from './permissions.ts';
import { PipelineFunction } from './pipeline-function.ts';

export interface CatalogFunctionProps {
  /** Of the pipeline. */
  readonly name: string;
  readonly bucket: IBucket;
  readonly code: Code;
  readonly catalogNames?: CatalogNames | undefined;
  readonly key?: IKey | undefined;
}

/** The function that makes the tables of the Glue catalog. Its rights to them come with the `Catalog` itself. */
export function catalogFunction(scope: Construct, id: string, props: CatalogFunctionProps): LambdaFunction {
  const { name, bucket, code, catalogNames: names = DEFAULT_NAMES, key } = props;
  const { function: catalog } = new PipelineFunction(scope, id, {
    functionName: `${name}-CatalogFunction`,
    description: 'Makes the tables of the Glue catalog from load records',
    code,
    timeout: Duration.minutes(15),
    memoryMb: 1024,
    key,
    environment: {
      S3_BUCKET_NAME: bucket.bucketName,
      [CATALOG_VARIABLES.database]: names.database,
      [CATALOG_VARIABLES.bronze]: names.bronze,
      [CATALOG_VARIABLES.log]: names.log,
      [CATALOG_VARIABLES.loads]: names.loads,
    },
  });
  grantBucket(bucket, catalog, BUCKET_RIGHTS.catalog);
  return catalog;
}
