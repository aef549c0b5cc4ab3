import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { resources, settings, template } from './stacks.fixtures.ts';

describe('the catalog', () => {
  test('the database has the name that was asked for, and no table that a deployment could fix the types of', () => {
    template.hasResourceProperties('AWS::Glue::Database', {
      DatabaseInput: Match.objectLike({ Name: 'aws-ecom-pipeline' }),
    });
    expect(resources('AWS::Glue::Table')).toEqual({});
  });

  test('the catalog function is told the names, and runs every 15 minutes', () => {
    template.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'EcomIngestionStack-CatalogFunction',
      Environment: {
        Variables: Match.objectLike({
          CATALOG_DATABASE: 'aws-ecom-pipeline',
          CATALOG_BRONZE_TABLE: 'data/bronze',
          CATALOG_LOG_TABLE: 'logs/pipeline/ingestion',
          CATALOG_LOADS_TABLE: 'bronze_loads',
        }),
      },
    });
    template.hasResourceProperties('AWS::Scheduler::Schedule', { ScheduleExpression: 'rate(15 minutes)' });
  });

  test('the names are settings, and are checked', () => {
    const changed = { CATALOG_DATABASE: 'shop_staging', CATALOG_BRONZE_TABLE: 'everything' };
    const { catalogNames } = settings(changed);
    expect(catalogNames).toMatchObject({ database: 'shop_staging', bronze: 'everything' });
    expect(() => settings({ CATALOG_DATABASE: 'Shop', CATALOG_LOG_TABLE: 'x"y' })).toThrow(
      /CATALOG_DATABASE: must be[^]*CATALOG_LOG_TABLE: must be/,
    );
    expect(() => settings({ CATALOG_LOG_TABLE: 'bronze_loads' })).toThrow(/three names/);
  });

  test('the saved queries are those that were asked for, the last loads, and latest rows by configured keys', () => {
    const saved = Object.values(resources('AWS::Athena::NamedQuery')).map(({ Properties }) => Properties);
    const queries = new Map(saved.map((one) => [one['Name'], String(one['QueryString'])]));
    expect([...queries.keys()].toSorted()).toEqual([
      'last-loads',
      'latest-payments',
      'latest-shipments',
      'recent-runs',
      'rows-by-entity',
    ]);
    const lines = (name: string) => queries.get(name)?.split('\n');
    expect(lines('recent-runs')).toEqual([
      'SELECT * FROM "aws-ecom-pipeline"."logs/pipeline/ingestion"',
      `WHERE "date" >= current_date - interval '7' day`,
      'ORDER BY "date" DESC, "time" DESC',
    ]);
    expect(lines('rows-by-entity')).toEqual([
      'SELECT entity, ingestion_date, load_type, count(*) AS record_count',
      'FROM "aws-ecom-pipeline"."data/bronze"',
      'GROUP BY entity, ingestion_date, load_type',
      'ORDER BY ingestion_date DESC, entity',
    ]);
    expect(queries.get('latest-payments')).toContain('PARTITION BY "id" ORDER BY "updated_at" DESC, _ingestion_ts');
  });
});
