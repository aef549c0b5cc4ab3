/** The catalog as a Lambda function, apart from every load. `catalog/sync-catalog.ts` says what it does. */
import { GlueClient } from '@aws-sdk/client-glue';
import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { AwsPorts } from '@bronze/common/adapters/aws/aws-ports';
import { requireVariables } from '@bronze/common/adapters/aws/lambda-environment';
import { CATALOG_VARIABLES } from '@bronze/common/load/catalog-names';
import { BronzeError } from '@bronze/common/words/failure';
import middy from '@middy/core';
import config from '../../../bronze.config.ts';
import { GlueTables } from './adapters/glue-tables.ts';
import { type CatalogOutcome, type CatalogPorts, type CatalogRequest, syncCatalog } from './catalog/sync-catalog.ts';

const logger = new Logger({ serviceName: 'catalog' });
let opened: Opened | undefined;

interface Opened {
  readonly aws: AwsPorts;
  readonly ports: CatalogPorts;
  readonly request: CatalogRequest;
}

function open(): Opened {
  const { database, bronze, log, loads } = CATALOG_VARIABLES;
  const variables = requireVariables(process.env, ['S3_BUCKET_NAME', database, bronze, log, loads]);
  const bucket = variables.S3_BUCKET_NAME;
  const aws = new AwsPorts(bucket);
  const { objects, clock } = aws;
  const names = {
    database: variables[database],
    bronze: variables[bronze],
    log: variables[log],
    loads: variables[loads],
  };
  const tables = new GlueTables(new GlueClient(aws.client_config), { database: names.database, bucket });
  return { aws, ports: { objects, tables, clock }, request: { bucket, names, entities: Object.keys(config.entities) } };
}

export const handler = middy<unknown, readonly CatalogOutcome[]>()
  .use(injectLambdaContext(logger))
  .handler(async (_event, context) => {
    opened ??= open();
    const { aws, ports, request } = opened;
    const outcomes = await aws.within(
      () => context.getRemainingTimeInMillis(),
      () => syncCatalog(ports, request),
    );
    for (const outcome of outcomes) {
      if (outcome.failure) logger.error('table_failed', { ...outcome });
      else if (outcome.left_out) logger.warn('columns_left_out', { ...outcome });
      else logger.info('table_synced', { ...outcome });
    }
    const failures = outcomes.flatMap(({ failure }) => failure ?? []);
    const [first] = failures;
    if (!first) return outcomes;
    // Fails the function, so that its alarm sees it, after every other table has had its turn.
    throw new BronzeError('CATALOG_FAILING', {
      message: `${failures.length} of ${outcomes.length} tables failed, the first because: ${first.message}`,
      hint: first.hint,
    });
  });
