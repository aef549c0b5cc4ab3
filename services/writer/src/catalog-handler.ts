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
let opened: { readonly ports: CatalogPorts; readonly request: CatalogRequest } | undefined;

function open(): { ports: CatalogPorts; request: CatalogRequest } {
  const { database, bronze, log, loads } = CATALOG_VARIABLES;
  const variables = requireVariables(process.env, ['S3_BUCKET_NAME', database, bronze, log, loads]);
  const bucket = variables.S3_BUCKET_NAME;
  const { objects, clock } = new AwsPorts(bucket);
  const names = {
    database: variables[database],
    bronze: variables[bronze],
    log: variables[log],
    loads: variables[loads],
  };
  const tables = new GlueTables(new GlueClient({}), { database: names.database, bucket });
  return { ports: { objects, tables, clock }, request: { bucket, names, entities: Object.keys(config.entities) } };
}

export const handler = middy<unknown, readonly CatalogOutcome[]>()
  .use(injectLambdaContext(logger))
  .handler(async () => {
    opened ??= open();
    const outcomes = await syncCatalog(opened.ports, opened.request);
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
